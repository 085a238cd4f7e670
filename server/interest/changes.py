"""Changes of a replica, sorted by cell as rows for the wire. Pure.

An entity that crossed a border is ``moved`` out of the one cell and put whole into the other: those who see only the
other have never met it. Where it went is not said: not all who see the one cell see the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from server.wire.digest import cell_digest, entity_digest
from server.wire.messages import CellChange, CellContent, EntityRow, PatchRow
from shared_state.cell import CellId
from shared_state.entity import Entity, EntityId
from shared_state.replica import Before, Replica
from shared_state.schema import Kind, Schema

Secret = frozenset[type[Kind]]


def cell_changes(replica: Replica, entities: Mapping[EntityId, Before], secret: Secret) -> dict[CellId, CellChange]:
    """What changed, by cell; ``entities`` holds what each changed entity was before."""
    cells: dict[CellId, CellChange] = {}
    for entity_id, before in entities.items():
        now = replica.entities.get(entity_id)
        value = now.value if now is not None else before.value
        if value is not None and type(value) not in secret:
            _sort_in(cells, replica.schema, entity_id, before, now)
    return cells


def late_changes(
    replica: Replica, cell: CellId, departed: Iterable[EntityId], version: int, secret: Secret
) -> CellChange:
    """What brings a cell from ``version`` to now, as whole entities; ``departed``: what was in it then and left."""
    change = CellChange(cell, [], [], [], [])
    for entity in replica.cells.get(cell, {}).values():
        if entity.version > version and type(entity.value) not in secret:
            change.puts.append(_row(replica.schema, entity.id, entity.value))
    for entity_id in departed:
        now = replica.entities.get(entity_id)
        if now is None:
            change.gone.append(entity_id)
        elif now.cell != cell:
            change.moved.append(entity_id)
    return change


def is_empty(change: CellChange) -> bool:
    """Whether nothing happened."""
    return not (change.puts or change.patches or change.gone or change.moved)


def cell_content(replica: Replica, cell: CellId, secret: Secret) -> CellContent:
    """All that is in a cell."""
    schema = replica.schema
    members = replica.cells.get(cell, {}).values()
    return CellContent(cell, [_row(schema, e.id, e.value) for e in members if type(e.value) not in secret])


def content_digest(content: CellContent) -> int:
    """The digest that a client computes of this content."""
    return cell_digest(entity_digest(row.id, row.kind, _fields(row.values)) for row in content.entities)


def _fields(value: Kind) -> list[object]:
    return [getattr(value, name) for name in value.__struct_fields__]


def _sort_in(
    cells: dict[CellId, CellChange], schema: Schema, entity_id: EntityId, before: Before, now: Entity | None
) -> None:
    if before.cell is not None and (now is None or now.cell != before.cell):
        change = _change(cells, before.cell)
        if now is None:
            change.gone.append(entity_id)
        else:
            change.moved.append(entity_id)
    if now is None:
        return
    if before.value is None or before.cell != now.cell:
        _change(cells, now.cell).puts.append(_row(schema, entity_id, now.value))
        return
    patch = _patch(entity_id, before.value, now.value)
    if patch is not None:
        _change(cells, now.cell).patches.append(patch)


def _change(cells: dict[CellId, CellChange], cell: CellId) -> CellChange:
    change = cells.get(cell)
    if change is None:
        change = cells[cell] = CellChange(cell, [], [], [], [])
    return change


def _row(schema: Schema, entity_id: EntityId, value: Kind) -> EntityRow:
    return EntityRow(entity_id, schema.number_of(value), value)


def _patch(entity_id: EntityId, old: Kind, new: Kind) -> PatchRow | None:
    mask = 0
    values = []
    for bit, name in enumerate(new.__struct_fields__):
        value = getattr(new, name)
        if value != getattr(old, name):
            mask |= 1 << bit
            values.append(value)
    return PatchRow(entity_id, mask, values) if mask else None
