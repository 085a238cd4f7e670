"""A tiny world for tests: its schema, its states, and what a right node would say between two of them.

A state maps entity id -> (cell, kind number, values). The messages are computed from the states before and after, so
that they owe nothing to the code under test.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

from server.wire import messages as wire
from server.wire.digest import cell_digest, entity_digest

BOAT, CRATE = 0, 1
SCHEMA = wire.Schema(
    game="tiny",
    kinds=[
        wire.KindInfo(
            "Boat", [wire.FieldInfo("x", "float"), wire.FieldInfo("y", "float"), wire.FieldInfo("name", "str")]
        ),
        wire.KindInfo(
            "Crate", [wire.FieldInfo("x", "float"), wire.FieldInfo("y", "float"), wire.FieldInfo("gold", "int")]
        ),
    ],
    commands=[
        wire.CommandInfo("row", [wire.FieldInfo("dx", "int", -40, 40), wire.FieldInfo("dy", "int", -40, 40)]),
        wire.CommandInfo("grab", [wire.FieldInfo("crate", "ref")]),
        wire.CommandInfo("shout", [wire.FieldInfo("text", "str", 1, 80)]),
    ],
    events=["shout"],
    cell_size=100.0,
    bounds=(0.0, 0.0, 1000.0, 1000.0),
)

Row: TypeAlias = tuple[int, int, tuple[object, ...]]
State: TypeAlias = Mapping[int, Row]


def welcome(session: str = "s1", avatar: int = 1, node: str = "a", version: int = 0, epoch: str = "e1") -> wire.Welcome:
    """A welcome to the tiny world."""
    return wire.Welcome(session, "secret", avatar, "bay", node, SCHEMA, epoch, version, 0.0, 20.0)


def content(state: State, cells: Collection[int], version: int, left: Collection[int] = ()) -> wire.Cells:
    """The whole content of cells."""
    entered = [
        wire.CellContent(cell, [wire.EntityRow(i, kind, list(v)) for i, (c, kind, v) in state.items() if c == cell])
        for cell in cells
    ]
    return wire.Cells(version, entered, list(left))


def delta(before: State, after: State, viewed: Collection[int], version: int, with_digests: bool = False) -> wire.Delta:
    """What changed in the viewed cells between two states."""
    changes = [_change(before, after, cell, with_digests) for cell in sorted(viewed)]
    return wire.Delta(version, [change for change in changes if not _is_empty(change)])


def digest(state: State, cell: int) -> int:
    """The digest of a cell of the state."""
    return cell_digest(entity_digest(i, kind, values) for i, (c, kind, values) in state.items() if c == cell)


def _change(before: State, after: State, cell: int, with_digest: bool) -> wire.CellChange:
    was = {i: row for i, row in before.items() if row[0] == cell}
    now = {i: row for i, row in after.items() if row[0] == cell}
    return wire.CellChange(
        cell,
        puts=[wire.EntityRow(i, row[1], list(row[2])) for i, row in now.items() if i not in was],
        patches=[_patch(i, was[i], row) for i, row in now.items() if i in was and was[i] != row],
        gone=[i for i in was if i not in after],
        moved=[i for i in was if i in after and i not in now],
        digest=digest(after, cell) if with_digest else None,
    )


def _patch(entity_id: int, was: Row, now: Row) -> wire.PatchRow:
    changed = [place for place, (old, new) in enumerate(zip(was[2], now[2], strict=True)) if old != new]
    return wire.PatchRow(entity_id, sum(1 << place for place in changed), [now[2][place] for place in changed])


def _is_empty(change: wire.CellChange) -> bool:
    rows = (change.puts, change.patches, change.gone, change.moved)
    return not any(rows) and change.digest is None
