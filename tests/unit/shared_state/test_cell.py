"""Cells: one number per square of the grid, exact in every client language."""

from __future__ import annotations

import pytest

from shared_state.cell import MAX_INDEX, NOWHERE, cell_at, cell_index, cells_around


@pytest.mark.parametrize(
    ("x", "y", "index"),
    [(0, 0, (0, 0)), (9.99, 10, (0, 1)), (-0.001, -10, (-1, -1)), (-10.001, 25, (-2, 2)), (1e-320, -1e-320, (0, -1))],
)
def test_a_point_lies_in_the_cell_of_its_floor(x: float, y: float, index: tuple[int, int]) -> None:
    """Negative coordinates round down, not towards zero."""
    assert cell_index(cell_at(x, y, 10)) == index


@pytest.mark.parametrize("column", [1 - MAX_INDEX, -1, 0, MAX_INDEX - 1])
@pytest.mark.parametrize("row", [1 - MAX_INDEX, -1, 0, MAX_INDEX - 1])
def test_cells_at_the_edge_of_the_grid_are_distinct_and_exact(column: int, row: int) -> None:
    """The outermost cells keep their column and row, are below 2**53 and never nowhere."""
    cell = cell_at(column + 0.5, row + 0.5, 1)
    assert cell_index(cell) == (column, row)
    assert NOWHERE < cell < 2**53


def test_cells_around_are_those_the_square_touches() -> None:
    """A square that reaches over two edges touches four cells, a point one."""
    assert [cell_index(cell) for cell in cells_around(9, 9, 2, 10)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert cells_around(9, 9, 0, 10) == [cell_at(9, 9, 10)]


def test_cells_around_reach_the_border_exactly() -> None:
    """A radius that ends on a border includes the cell that begins there."""
    assert (1, 0) in map(cell_index, cells_around(5, 5, 5, 10))
    assert (-1, 0) not in map(cell_index, cells_around(5, 5, 5, 10))
