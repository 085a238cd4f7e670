"""What the store's error replies mean to a caller. Pure."""

from __future__ import annotations

from shared_state.errors import StoreError, StoreUnavailable

_LATER = frozenset({"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"})
_REDIRECTIONS = frozenset({"MOVED", "ASK"})


class Demoted(StoreUnavailable):
    """This server is no primary any more: the connection is of no use, the primary must be found again."""


class Redirected(StoreUnavailable):
    """Another node of the cluster serves the slot; the command had no effect.

    Args:
        once: only this command is to be asked there (ASK): the slot is on its way. Else it has moved (MOVED).
        host: of that node; empty: that of the one that answered.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        code, slot, where = text.split()[:3]
        self.once = code == "ASK"
        self.slot = int(slot)
        self.host, _, port = where.rpartition(":")
        self.port = int(port)


class MissingScript(StoreError):
    """The server does not have the script that it was asked for by its digest."""


def translate(text: str) -> StoreError:
    """The error of a reply such as ``READONLY You can't write ...``; its text is the server's."""
    code = text.partition(" ")[0]
    if code == "NOSCRIPT":
        return MissingScript(text)
    if code == "READONLY":
        return Demoted(text)
    if code in _REDIRECTIONS:
        return Redirected(text)
    if code in _LATER:
        return StoreUnavailable(text)
    return StoreError(text)
