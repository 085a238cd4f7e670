"""A transaction as a rule sees it: reads and scans that are remembered, writes that are held back.

A rule reads and writes only through this object and takes time and chance from it, so running it again on the same
state gives the same result. Nothing here reaches the store: the committer compiles the outcome into a batch.
Invariant: whatever the rule could have depended on is in ``reads`` or ``scans``; every write is a value that the
schema has encoded.
"""

from __future__ import annotations

import random
from typing import Any, TypeVar

import attrs
import msgspec

from shared_state.cell import NOWHERE, CellId, cells_around
from shared_state.delta import EventOut
from shared_state.entity import EntityId, Tag
from shared_state.errors import SchemaError, SharedStateError
from shared_state.overlay import Overlay
from shared_state.schema import MAX_WHOLE, Kind, Schema, encode_body
from shared_state.store import LeaseGrant

K = TypeVar("K", bound=Kind)


class NoSuchEntity(SharedStateError):
    """A rule wrote to an entity that is not there; check with ``get`` first."""


@attrs.frozen
class Addition:
    """One ``add``: delta and bounds of a counter, and the state that the writer saw."""

    field: str
    offset: int
    delta: float
    low: float
    high: float


class IdSource:
    """Hands out entity ids from reserved blocks."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, int]] = []

    def refill(self, first: int, end: int) -> None:
        """Adds the ids from ``first`` up to, not including, ``end``."""
        self._blocks.append((first, end))

    def clear(self) -> None:
        """Drops all: they belong to an epoch that is over."""
        self._blocks.clear()

    @property
    def left(self) -> int:
        """How many ids there are."""
        return sum(end - first for first, end in self._blocks)

    def take(self) -> EntityId:
        """A new id. Raises: OutOfIds."""
        if not self._blocks:
            raise OutOfIds("no entity ids are left until the next reservation")
        first, end = self._blocks[0]
        if first + 1 == end:
            del self._blocks[0]
        else:
            self._blocks[0] = (first + 1, end)
        return EntityId(first)


class OutOfIds(SharedStateError):
    """More entities were created at once than ids are reserved; the command is answered busy."""


class Transaction:
    """What a rule works on.

    Args:
        view: the state it sees.
        tag: the tag its writes will carry; also the seed of its chance.
        now_ms: the time it sees, in milliseconds since 1970.
        ids: where new entity ids come from.
        cause: what the log will say of why it happened; who runs a game's rule for it says it.
    """

    __slots__ = (
        "_ids",
        "_random",
        "adds",
        "cause",
        "events",
        "guards",
        "now_ms",
        "reads",
        "scans",
        "tag",
        "view",
        "writes",
    )

    def __init__(self, view: Overlay, tag: Tag, now_ms: int, ids: IdSource, cause: bytes = b"") -> None:
        self.view = view
        self.cause = cause
        self.tag = tag
        self.now_ms = now_ms
        self._ids = ids
        self._random: random.Random | None = None
        self.reads: dict[EntityId, Tag] = {}
        self.scans: dict[CellId, Tag] = {}
        self.writes: dict[EntityId, tuple[Kind | None, bytes]] = {}
        self.adds: dict[EntityId, list[Addition]] = {}
        self.guards: dict[str, int] = {}
        self.events: list[EventOut] = []

    @property
    def schema(self) -> Schema:
        """The kinds of the world."""
        return self.view.replica.schema

    @property
    def random(self) -> random.Random:
        """Chance that is the same when the transaction is replayed."""
        if self._random is None:
            self._random = random.Random(self.tag)
        return self._random

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to write and nothing to tell."""
        return not (self.writes or self.adds or self.events)

    @property
    def rests_on_pending(self) -> bool:
        """Whether anything it looked at is not yet confirmed by the store."""
        view = self.view
        return any(map(view.is_pending, self.reads)) or any(map(view.cell_is_pending, self.scans))

    def get(self, entity_id: EntityId, kind: type[K]) -> K | None:
        """The entity, if it exists and is of that kind."""
        value = self._read(entity_id)
        return value if isinstance(value, kind) else None

    def exists(self, entity_id: EntityId) -> bool:
        """Whether there is such an entity, of whatever kind."""
        return self._read(entity_id) is not None

    def near(self, x: float, y: float, radius: float, kind: type[K]) -> list[tuple[EntityId, K]]:
        """Entities of a kind within ``radius`` world units of a point, nearest first; absence counts as read too."""
        found = []
        for cell in cells_around(x, y, radius, self.schema.cell_size):
            for entity_id, value in self._scan(cell, kind):
                distance = (value.x - x) ** 2 + (value.y - y) ** 2  # type: ignore[attr-defined]
                if distance <= radius * radius:
                    found.append((distance, entity_id, value))
        return [(entity_id, value) for _, entity_id, value in sorted(found, key=lambda row: row[:2])]

    def all_placeless(self, kind: type[K]) -> list[tuple[EntityId, K]]:
        """All entities of a kind that has no position, by id."""
        return sorted(self._scan(NOWHERE, kind), key=lambda row: row[0])

    def create(self, value: Kind) -> EntityId:
        """Adds an entity. Returns: its new id. Raises: SchemaError, OutOfIds."""
        settled = self.schema.settled(value)
        entity_id = self._ids.take()
        self.writes[entity_id] = settled
        return entity_id

    def put(self, entity_id: EntityId, value: Kind) -> None:
        """Replaces an entity of the same kind. Raises: SchemaError, NoSuchEntity."""
        old = self._read(entity_id)
        if old is None:
            raise NoSuchEntity(f"entity {entity_id} is not there")
        if type(old) is not type(value):
            raise SchemaError(f"entity {entity_id} is a {type(old).__name__}: its kind cannot change")
        self.writes[entity_id] = self.schema.settled(value)

    def patch(self, entity_id: EntityId, **fields: Any) -> None:
        """Replaces some fields of an entity. Raises: SchemaError, NoSuchEntity."""
        old = self._read(entity_id)
        if old is None:
            raise NoSuchEntity(f"entity {entity_id} is not there")
        try:
            value = msgspec.structs.replace(old, **fields)
        except TypeError as error:
            raise SchemaError(f"{type(old).__name__}: {error}") from None
        self.writes[entity_id] = self.schema.settled(value)

    def delete(self, entity_id: EntityId) -> None:
        """Removes an entity. Raises: NoSuchEntity."""
        if self._read(entity_id) is None:
            raise NoSuchEntity(f"entity {entity_id} is not there")
        self.writes[entity_id] = (None, b"")

    def add(self, entity_id: EntityId, kind: type[Kind], field: str, delta: float, low: float, high: float) -> None:
        """Adds to a counter inside the store, clamped to ``low`` and ``high``; never conflicts with another add.

        The entity must exist when the commit happens, or the rule runs again. Reading the entity in the same
        transaction, before or after, makes the addition an ordinary write.

        Raises:
            SchemaError: the field is no counter, a number is not finite, or the entity is of another kind.
        """
        offset = self.schema.counter_offset(kind, field)
        if not all(-MAX_WHOLE <= number <= MAX_WHOLE for number in (delta, low, high)):
            raise SchemaError(f"{kind.__name__}.{field}: {delta} in {low}..{high} is not finite")
        addition = Addition(field, offset, delta, low, high)
        self._check_target(entity_id, kind)
        if entity_id in self.reads or entity_id in self.writes:
            self.add_plainly(entity_id, [addition])
        else:
            self.adds.setdefault(entity_id, []).append(addition)

    def add_plainly(self, entity_id: EntityId, additions: list[Addition]) -> None:
        """Makes additions an ordinary write of this transaction. Raises: NoSuchEntity, SchemaError."""
        for addition in additions:
            value = self._read(entity_id)
            if value is None:
                raise NoSuchEntity(f"entity {entity_id} is not there")
            total = min(max(getattr(value, addition.field) + addition.delta, addition.low), addition.high)
            self.patch(entity_id, **{addition.field: float(total)})

    def abandon(self) -> None:
        """Forgets all writes, additions and events so far; what was read stays read."""
        self.writes.clear()
        self.adds.clear()
        self.events.clear()

    def require(self, lease: LeaseGrant) -> None:
        """Makes the commit depend on holding the lease: checked, by the store's clock, in the same atomic step."""
        self.guards[lease.name] = lease.token

    def emit(self, name: str, body: Any, *, x: float = 0.0, y: float = 0.0) -> None:
        """Sends an event to those who see the point. Raises: SchemaError."""
        self.events.append(EventOut(name, self.schema.cell_at(x, y), "", encode_body(name, body)))

    def emit_world(self, name: str, body: Any) -> None:
        """Sends an event to everybody in the world. Raises: SchemaError."""
        self.events.append(EventOut(name, NOWHERE, "", encode_body(name, body)))

    def emit_to(self, session: str, name: str, body: Any) -> None:
        """Sends an event to one player. Raises: SchemaError."""
        self.events.append(EventOut(name, NOWHERE, session, encode_body(name, body)))

    def _check_target(self, entity_id: EntityId, kind: type[Kind]) -> None:
        """Adding at another kind's offset would destroy the entity: its kind must be known when the store adds."""
        written = self.writes.get(entity_id)
        seen = self.view.read(entity_id)[1] if written is None else written[0]
        if seen is not None and type(seen) is not kind:
            raise SchemaError(f"entity {entity_id} is a {type(seen).__name__}, not a {kind.__name__}")

    def _read(self, entity_id: EntityId) -> Kind | None:
        written = self.writes.get(entity_id)
        if written is not None:
            return written[0]
        tag, value = self.view.read(entity_id)
        self.reads[entity_id] = tag
        if entity_id in self.adds and value is not None:
            self.add_plainly(entity_id, self.adds.pop(entity_id))
            return self.writes[entity_id][0]
        return value

    def _scan(self, cell: CellId, kind: type[K]) -> list[tuple[EntityId, K]]:
        self.scans[cell] = self.view.cell_tag(cell)
        members = set(self.view.members(cell)).union(self.writes)
        found = []
        for entity_id in members:
            value = self._read_member(entity_id, kind)
            if value is not None and self.schema.cell_of(value) == cell:
                found.append((entity_id, value))
        return found

    def _read_member(self, entity_id: EntityId, kind: type[K]) -> K | None:
        """Reads a scanned entity, unless it is of another kind: that cannot change, so it is no dependency."""
        if entity_id not in self.writes and not isinstance(self.view.read(entity_id)[1], kind):
            return None
        return self.get(entity_id, kind)
