"""The cells a player looks at, and which of them are nearest. Pure."""

from __future__ import annotations

from functools import lru_cache

from shared_state.cell import NOWHERE, CellId, cell_index, cells_around

Sight = frozenset[CellId]


@lru_cache(maxsize=4096)
def sight_from(centre: CellId, radius: float, size: float) -> Sight:
    """The cells in view from the middle of a cell; equal arguments give the same object, which makes it a cheap key.

    Args:
        centre: the cell looked from, so that all who look from one cell share one view.
        radius: how far, in world units.
        size: edge of a cell in world units.
    """
    column, row = cell_index(centre)
    around = cells_around((column + 0.5) * size, (row + 0.5) * size, radius, size)
    return frozenset([NOWHERE, *around])


@lru_cache(maxsize=1024)
def nearest_first(cells: Sight, centre: CellId) -> tuple[CellId, ...]:
    """Cells by their distance from another; ``NOWHERE``, which is everywhere, comes first."""
    column, row = cell_index(centre)

    def distance(cell: CellId) -> tuple[int, CellId]:
        if cell == NOWHERE:
            return -1, cell
        its_column, its_row = cell_index(cell)
        return (its_column - column) ** 2 + (its_row - row) ** 2, cell

    return tuple(sorted(cells, key=distance))
