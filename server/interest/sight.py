"""The cells a player looks at. Pure."""

from __future__ import annotations

from functools import lru_cache

from shared_state.cell import NOWHERE, CellId, cells_around

Sight = frozenset[CellId]


@lru_cache(maxsize=4096)
def sight_from(cell: CellId, x: float, y: float, radius: float, size: float) -> Sight:
    """The cells in view; equal arguments give the same object, which makes it a cheap key.

    Args:
        cell: the cell that the avatar is in.
        x, y: the point looked from, in world units.
        radius: how far, in world units.
        size: edge of a cell in world units.
    """
    return frozenset([NOWHERE, cell, *cells_around(x, y, radius, size)])
