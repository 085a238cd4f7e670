"""Errors of shared_state, one tree. Library errors are translated to these at the store port."""


class SharedStateError(Exception):
    """Base of all errors of this package."""


class SchemaError(SharedStateError):
    """A kind or a value that the stored format cannot hold; the text names the field."""


class BadName(SharedStateError):
    """A world, lease or session name outside ``[a-z0-9._-]{1,64}``."""


class StoreError(SharedStateError):
    """The store answered, and the answer is a refusal (wrong type, no permission, out of memory)."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or did not answer: whether the call took effect is unknown."""


class IncompatibleWorld(StoreError):
    """The stored world has another format version or another schema."""


class EpochChanged(StoreError):
    """The world lost or rewrote history: every replica of the old epoch is void.

    Args:
        epoch: the epoch in the store now; empty when the world is gone.
    """

    def __init__(self, epoch: str) -> None:
        super().__init__(f"the world is in epoch {epoch or '(none)'} now")
        self.epoch = epoch


class WorldGone(SharedStateError):
    """The world was deleted while it was open here: nothing of it can be read or written any more."""


class UnknownIncarnation(StoreError):
    """The store does not know the writer, or its batch numbers do not follow on: it must attach anew."""


class UndecodableDelta(SharedStateError):
    """A delta or entity in the store that this schema cannot read."""


class NoStoreBinary(SharedStateError):
    """No Valkey or Redis server program is installed here, so none can be started."""
