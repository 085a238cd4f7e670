"""What the transactions of one batch see: the replica, and on top of it what earlier ones of the batch will write.

Lives for one batch. Must not know: sessions, the store. Invariant: reading through it gives what the store will hold
if every transaction absorbed so far commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import attrs

from shared_state.cell import CellId
from shared_state.entity import NO_TAG, EntityId, Tag
from shared_state.replica import Replica
from shared_state.schema import Kind


class Pending(NamedTuple):
    """An entity as an unconfirmed transaction leaves it."""

    tag: Tag
    value: Kind | None
    cell: CellId | None


@attrs.define(eq=False)
class Overlay:
    """The replica with pending writes on top."""

    replica: Replica
    entities: dict[EntityId, Pending] = attrs.field(factory=dict)
    cell_tags: dict[CellId, Tag] = attrs.field(factory=dict)

    def read(self, entity_id: EntityId) -> tuple[Tag, Kind | None]:
        """Tag and value of an entity; ``NO_TAG`` and None when there is none."""
        pending = self.entities.get(entity_id)
        if pending is None:
            return self.replica.read(entity_id)
        return pending.tag, pending.value

    def is_pending(self, entity_id: EntityId) -> bool:
        """Whether the entity's state depends on a transaction that is not confirmed."""
        return entity_id in self.entities

    def cell_is_pending(self, cell: CellId) -> bool:
        """Whether the cell's membership depends on a transaction that is not confirmed."""
        return cell in self.cell_tags

    def cell_tag(self, cell: CellId) -> Tag:
        """Tag of the last change of the cell's membership."""
        tag = self.cell_tags.get(cell)
        return self.replica.cell_tags.get(cell, NO_TAG) if tag is None else tag

    def members(self, cell: CellId) -> Iterable[EntityId]:
        """Ids of the entities in a cell, in no order that a rule may rely on."""
        settled = self.replica.cells.get(cell, {})
        if cell not in self.cell_tags:
            return tuple(settled)
        here = {entity_id for entity_id in settled if entity_id not in self.entities}
        return here | {entity_id for entity_id, pending in self.entities.items() if pending.cell == cell}

    def cell(self, entity_id: EntityId) -> CellId | None:
        """Where an entity is; None when there is none."""
        found = self.entities.get(entity_id) or self.replica.entities.get(entity_id)
        return None if found is None else found.cell

    def absorb(self, entity_id: EntityId, tag: Tag, value: Kind | None, cell: CellId | None) -> None:
        """Adds a write, which leaves the entity in ``cell``, of a transaction that will be sent."""
        self.entities[entity_id] = Pending(NO_TAG if value is None else tag, value, cell)

    def touch(self, cell: CellId, tag: Tag) -> None:
        """Notes that a transaction that will be sent changes who is in a cell."""
        self.cell_tags[cell] = tag
