"""What the directory of worlds says and is asked, as values, and the form in which metadata is stored.

Metadata is small: names to text, numbers, booleans and null. Each value is stored as its JSON text, made here and
nowhere else, and compared as that text: the store never reads a number, so none can change.
Pure. Invariant: equal values have one text (1.0 is 1; true is not 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import attrs
import msgspec

from shared_state.directory_names import NodeName, ReservationToken, WorldKind
from shared_state.errors import SharedStateError
from shared_state.names import SessionId, WorldName
from shared_state.ttl import ttl_us

Scalar = str | int | float | bool | None

MAX_SEATS = 1_000_000
MAX_METADATA_BYTES = 1024
MAX_ADDRESS_CHARACTERS = 255
MAX_WHOLE = 2**53 - 1
"""The largest whole number that every client, browsers included, reads as itself."""


class BadMetadata(SharedStateError):
    """Metadata or load figures that cannot be stored as they are; the text says which and why."""


def encode_metadata(metadata: Mapping[str, Scalar]) -> dict[str, str]:
    """JSON text by name, in the order of names. Raises: BadMetadata."""
    encoded = {_checked_text(name): _encode(name, metadata[name]) for name in sorted(metadata)}
    size = sum(len(part.encode()) for item in encoded.items() for part in item)
    if size > MAX_METADATA_BYTES:
        raise BadMetadata(f"metadata of {size} bytes; at most {MAX_METADATA_BYTES} are kept")
    return encoded


def decode_metadata(encoded: Mapping[str, str]) -> dict[str, Scalar]:
    """The values that ``encode_metadata`` was given."""
    return {name: msgspec.json.decode(text, type=Scalar) for name, text in encoded.items()}


def flatten(encoded: Mapping[str, str]) -> list[str]:
    """Name, text, name, text, ...: as scripts take them."""
    return [part for item in encoded.items() for part in item]


@attrs.frozen
class WorldSpec:
    """A world as it is asked for.

    Args:
        kind: worlds of one kind are interchangeable to a player who joins by kind.
        seats: the limit.
        private: not listed unless asked for, never joined by kind.
        persistent: kept however long it is empty.
        empty_ttl_s: how long another one is kept with no seat taken or reserved.

    Raises:
        ValueError: no seats, or more than ``MAX_SEATS``; ``empty_ttl_s`` is not above 0 and finite.
        BadMetadata: see ``encode_metadata``.
    """

    kind: WorldKind
    seats: int
    metadata: Mapping[str, Scalar] = attrs.field(factory=dict)
    private: bool = False
    persistent: bool = False
    empty_ttl_s: float = 60.0

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.seats <= MAX_SEATS:
            raise ValueError(f"a world has 1 to {MAX_SEATS} seats, not {self.seats}")
        ttl_us(self.empty_ttl_s)
        encode_metadata(self.metadata)


@attrs.frozen
class WorldEntry:
    """A world as the directory has it; ``used`` seats are taken or reserved."""

    name: WorldName
    kind: WorldKind
    seats: int
    used: int
    metadata: Mapping[str, Scalar]
    private: bool
    persistent: bool

    @property
    def free(self) -> int:
        """Seats that can be reserved."""
        return self.seats - self.used


@attrs.frozen
class WorldFilter:
    """Which worlds to list: all conditions must hold. ``metadata``: values that must be there and equal."""

    kind: WorldKind | None = None
    with_free_seats: bool = False
    metadata: Mapping[str, Scalar] = attrs.field(factory=dict)
    include_private: bool = False


@attrs.frozen
class WorldPage:
    """Some worlds. ``cursor`` asks for the next page; empty: this was the last one."""

    entries: list[WorldEntry]
    cursor: str


@attrs.frozen
class Reservation:
    """Seats held for someone on the way, each until a session confirms it. ``created``: the world is new."""

    token: ReservationToken
    world: WorldName
    count: int
    ttl_s: float
    created: bool = False


@attrs.frozen
class Seat:
    """A seat taken by a session, kept alive by the node that serves it."""

    world: WorldName
    session: SessionId
    node: NodeName


@attrs.frozen
class NameTaken:
    """A world of this name exists, or its keys are not yet deleted."""

    name: WorldName


@attrs.frozen
class TooManyWorlds:
    """The directory has as many worlds as it may."""

    most: int


@attrs.frozen
class Full:
    """Not that many seats are free."""

    world: WorldName
    free: int


@attrs.frozen
class NoWorld:
    """There is no world of this name, or no longer."""

    name: WorldName


@attrs.frozen
class NodeEntry:
    """A live node. ``load``: figures of its own choosing. ``draining``: it was asked to drain, or says that it does."""

    name: NodeName
    address: str
    load: Mapping[str, float]
    draining: bool


@attrs.frozen
class Kick:
    """A session that the node which serves it is asked to put out of its world."""

    world: WorldName
    session: SessionId


def metadata_holds(wanted: Iterable[tuple[str, str]], encoded: Mapping[str, str]) -> bool:
    """Whether all wanted texts are there."""
    return all(encoded.get(name) == text for name, text in wanted)


def _encode(name: str, value: Scalar) -> str:
    if isinstance(value, str):
        return msgspec.json.encode(_checked_text(value)).decode()
    if value is None or isinstance(value, bool):
        return msgspec.json.encode(value).decode()
    if not isinstance(value, int | float):
        raise BadMetadata(f"{name!r} is a {type(value).__name__}, not text, a number, a boolean or null")
    return _encode_number(name, value)


def _encode_number(name: str, value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadMetadata(f"{name!r} is not a finite number")
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= MAX_WHOLE):
        return repr(value)
    if abs(value) > MAX_WHOLE:
        raise BadMetadata(f"{name!r} is a whole number beyond 2^53 - 1, which a browser would round")
    return str(int(value))


def _checked_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadMetadata("metadata holds half of a surrogate pair") from error
    return text
