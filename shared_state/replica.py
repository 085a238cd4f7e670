"""A node's copy of one world: entities by id and by cell, at one position.

Changed only by deltas and snapshots (never by the node's own intentions), so that there is one path for state. It
remembers what changed since it was last drained, for those who show the world to players.
Must not know: the store, sessions, time. Invariant: at a version, every replica of a world is equal, tags included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto

import attrs

from shared_state.cell import CellId
from shared_state.delta import Delta, EventOut, Record
from shared_state.entity import NO_TAG, Entity, EntityId, Tag
from shared_state.errors import UndecodableDelta
from shared_state.names import SessionId
from shared_state.position import NO_STAMP, Position
from shared_state.schema import Kind, Schema
from shared_state.store import Snapshot

TAG_BYTES = 8


class Fit(Enum):
    """How a delta relates to a replica."""

    NEXT = auto()
    DUPLICATE = auto()
    GAP = auto()
    FOREIGN = auto()


@attrs.frozen
class Before:
    """An entity as it was when changes were last drained; no value: it did not exist."""

    value: Kind | None
    cell: CellId | None


@attrs.frozen
class Departure:
    """An entity that left a cell, for another or for good: it was in there from ``arrived`` until ``left``."""

    id: EntityId
    kind: type[Kind]
    cell: CellId
    arrived: int
    left: int


@attrs.define(eq=False)
class Changes:
    """All that happened since the last drain: entities by what they were before, events in order.

    ``loaded_at``: the version of a snapshot that replaced the copy meanwhile.
    ``departures``: what left a cell since then, in order.
    ``sessions``: whose row changed other than by a command (entered, resumed, went away, left), by the tag that did it.
    """

    entities: dict[EntityId, Before] = attrs.field(factory=dict)
    events: list[EventOut] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)
    loaded_at: int | None = None
    sessions: dict[SessionId, Tag] = attrs.field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entities or self.events)


@attrs.define(eq=False)
class Replica:
    """The copy. ``cells`` holds the members of every cell that ever had one."""

    schema: Schema
    epoch: str = ""
    version: int = 0
    stamp: bytes = NO_STAMP
    entities: dict[EntityId, Entity] = attrs.field(factory=dict)
    cells: dict[CellId, dict[EntityId, Entity]] = attrs.field(factory=dict)
    cell_tags: dict[CellId, Tag] = attrs.field(factory=dict)
    _changes: Changes = attrs.field(factory=Changes)

    @property
    def position(self) -> Position:
        """Where this copy stands."""
        return Position(self.epoch, self.version)

    @property
    def values(self) -> dict[EntityId, Kind]:
        """What every entity is."""
        return {entity_id: entity.value for entity_id, entity in self.entities.items()}

    def load(self, snapshot: Snapshot) -> None:
        """Becomes the snapshot; what differs from before counts as changed.

        Raises:
            UndecodableDelta: nothing has changed.
        """
        fresh = Replica(self.schema)
        fresh._fill(snapshot)
        self._note_differences(fresh)
        self.entities, self.cells, self.cell_tags = fresh.entities, fresh.cells, fresh.cell_tags
        self.epoch, self.version, self.stamp = snapshot.head.epoch, snapshot.head.version, snapshot.head.stamp
        self._changes.departures.clear()
        self._changes.loaded_at = self.version

    def fit(self, delta: Delta) -> Fit:
        """Whether the delta is the next one, an old one, one too far ahead, or of another history."""
        if delta.epoch != self.epoch:
            return Fit.FOREIGN
        if delta.version <= self.version:
            return Fit.DUPLICATE
        if delta.version > self.version + 1:
            return Fit.GAP
        return Fit.NEXT if delta.previous == self.stamp else Fit.FOREIGN

    def apply(self, delta: Delta) -> None:
        """Takes the next delta. Raises: UndecodableDelta; then the copy must be loaded anew."""
        self.version = delta.version
        for record in delta.records:
            self._apply_record(record)
        self.stamp = delta.stamp

    def drain(self) -> Changes:
        """What changed since the last call; the caller owns it."""
        changes, self._changes = self._changes, Changes()
        return changes

    def read(self, entity_id: EntityId) -> tuple[Tag, Kind | None]:
        """Tag and value of an entity; ``NO_TAG`` and None when there is none."""
        entity = self.entities.get(entity_id)
        if entity is None:
            return NO_TAG, None
        return entity.tag, entity.value

    def _fill(self, snapshot: Snapshot) -> None:
        for id_, raw in snapshot.state.items():
            entity = self._stored(EntityId(id_), snapshot, raw)
            self.entities[entity.id] = entity
            self.cells.setdefault(entity.cell, {})[entity.id] = entity
        self.cell_tags = {CellId(cell): tag for cell, tag in snapshot.cells.items()}
        for delta in snapshot.log:
            self.apply(delta)
        self._keep_newer_cell_tags(snapshot)

    def _keep_newer_cell_tags(self, snapshot: Snapshot) -> None:
        """Puts back what a cell was read with, where the log has that tag after the one that the log left.

        An entity that was read late does not leave the cell again in which it was before the log. But cells are read
        after entities, so the cell was read with that tag or a newer one. What a delta wrongly touches, because an
        entity was read where it only came to be later, it touches again when the entity comes.
        """
        order = {record.tag: place for place, record in enumerate(_records(snapshot.log))}
        for cell, read in snapshot.cells.items():
            if order.get(read, -1) > order.get(self.cell_tags[CellId(cell)], -1):
                self.cell_tags[CellId(cell)] = read

    def _note_differences(self, fresh: Replica) -> None:
        for id_ in self.entities.keys() | fresh.entities.keys():
            old, new = self.entities.get(id_), fresh.entities.get(id_)
            if old is None:
                self._changes.entities.setdefault(id_, Before(None, None))
            elif new is None or new.value != old.value:
                self._changes.entities.setdefault(id_, Before(old.value, old.cell))

    def _stored(self, entity_id: EntityId, snapshot: Snapshot, raw: bytes) -> Entity:
        try:
            value = self.schema.decode(raw[TAG_BYTES:])
        except UndecodableDelta as error:
            raise UndecodableDelta(f"entity {entity_id}: {error}") from None
        version = snapshot.head.version
        return Entity(entity_id, Tag(raw[:TAG_BYTES]), value, self.schema.cell_of(value), version, version)

    def _apply_record(self, record: Record) -> None:
        tag = Tag(record.tag)
        for write in record.writes:
            if write.blob is None:
                self._delete(EntityId(write.id), tag)
            else:
                self._put(EntityId(write.id), tag, self.schema.decode(write.blob))
        for added in record.added:
            self._put(EntityId(added.id), Tag(added.tag), self.schema.decode(added.blob))
        self._changes.events.extend(record.events)
        if record.session and not record.seq:
            self._changes.sessions[SessionId(record.session)] = tag

    def _put(self, entity_id: EntityId, tag: Tag, value: Kind) -> None:
        entity = self.entities.get(entity_id)
        cell = self.schema.cell_of(value)
        if entity is None:
            self._changes.entities.setdefault(entity_id, Before(None, None))
            entity = Entity(entity_id, tag, value, cell, self.version, self.version)
            self.entities[entity_id] = entity
            self._join(entity, cell, tag)
            return
        if entity_id not in self._changes.entities:
            self._changes.entities[entity_id] = Before(entity.value, entity.cell)
        if cell != entity.cell:
            self._quit(entity, tag)
            self._join(entity, cell, tag)
        entity.tag, entity.value, entity.version = tag, value, self.version

    def _delete(self, entity_id: EntityId, tag: Tag) -> None:
        entity = self.entities.pop(entity_id, None)
        if entity is None:
            return
        self._changes.entities.setdefault(entity_id, Before(entity.value, entity.cell))
        self._quit(entity, tag)

    def _join(self, entity: Entity, cell: CellId, tag: Tag) -> None:
        entity.cell, entity.arrived = cell, self.version
        self.cells.setdefault(cell, {})[entity.id] = entity
        self.cell_tags[cell] = tag

    def _quit(self, entity: Entity, tag: Tag) -> None:
        del self.cells[entity.cell][entity.id]
        self.cell_tags[entity.cell] = tag
        kind = type(entity.value)
        self._changes.departures.append(Departure(entity.id, kind, entity.cell, entity.arrived, self.version))


def _records(log: Iterable[Delta]) -> Iterator[Record]:
    return (record for delta in log for record in delta.records)
