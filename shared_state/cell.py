"""Grid cells: what a scan depends on and what a player looks at.

A cell is one whole number below 2**53 (exact in every client language). Cell 0 is nowhere: entities without a
position live in it. Pure arithmetic; knows no entity.
"""

from __future__ import annotations

from typing import NewType

CellId = NewType("CellId", int)

NOWHERE = CellId(0)
_STRIDE = 1 << 26
_ORIGIN = 1 << 25
MAX_INDEX = _ORIGIN - 1
"""Columns and rows are below this, either way from zero: then no two cells share a number, and none is ``NOWHERE``."""


def cell_at(x: float, y: float, size: float) -> CellId:
    """The cell that holds a point; ``x``, ``y`` and ``size`` in world units, coordinates within ``MAX_INDEX`` cells."""
    return CellId((int(x // size) + _ORIGIN) * _STRIDE + int(y // size) + _ORIGIN)


def cell_index(cell: CellId) -> tuple[int, int]:
    """Column and row of a cell other than ``NOWHERE``."""
    column, row = divmod(cell, _STRIDE)
    return column - _ORIGIN, row - _ORIGIN


def cells_around(x: float, y: float, radius: float, size: float) -> list[CellId]:
    """All cells that a square of half-width ``radius`` around a point touches, in column order."""
    rows = range(int((y - radius) // size) + _ORIGIN, int((y + radius) // size) + _ORIGIN + 1)
    columns = range(int((x - radius) // size) + _ORIGIN, int((x + radius) // size) + _ORIGIN + 1)
    return [CellId(column * _STRIDE + row) for column in columns for row in rows]
