"""The arithmetic of motion: exact, bounded by time, and the same in any language with doubles (CASES S22)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.games.flotsam.motion import BURST_MS, SIZE, SPEED_PER_S, effort_ms, is_ahead, is_within, step, tire
from server.games.flotsam.world import STROKE

PLACES = st.integers(0, SIZE - 1)
STROKES = st.integers(-STROKE, STROKE)


@given(x=PLACES, y=PLACES, dx=STROKES, dy=STROKES)
def test_a_step_stays_in_the_bay_and_is_what_was_asked_for(x: int, y: int, dx: int, dy: int) -> None:
    """Each axis by itself, up to the shore."""
    there = step(x, y, dx, dy)
    assert there == (sorted((0, x + dx, SIZE - 1))[1], sorted((0, y + dy, SIZE - 1))[1])


@given(dx=STROKES, dy=STROKES)
def test_no_stroke_is_cheaper_than_its_way(dx: int, dy: int) -> None:
    """Effort is the way divided by the speed, rounded up to a whole ms: checked without a root."""
    effort, way_squared = effort_ms(dx, dy), (dx * dx + dy * dy) * 1000**2
    assert (effort * SPEED_PER_S) ** 2 >= way_squared
    assert effort == 0 or ((effort - 1) * SPEED_PER_S) ** 2 < way_squared


@given(strokes=st.lists(st.tuples(STROKES, STROKES, st.integers(0, 300)), max_size=60))
def test_the_way_is_bounded_by_time(strokes: list[tuple[int, int, int]]) -> None:
    """Whatever is sent whenever: the way of all strokes taken is at most speed x time and the fixed allowance."""
    now_ms, rested_ms, way = 1000, 0, 0.0
    for dx, dy, pause_ms in strokes:
        now_ms += pause_ms
        rested = tire(rested_ms, now_ms, effort_ms(dx, dy))
        if rested is not None:
            rested_ms, way = rested, way + math.hypot(dx, dy)
        assert way <= SPEED_PER_S * (now_ms - 1000 + BURST_MS) / 1000 + 1e-9


@pytest.mark.parametrize(("point", "is_there"), [((30, 40), True), ((30, 41), False), ((-50, 0), True)])
def test_reach_is_a_circle(point: tuple[int, int], is_there: bool) -> None:
    """Its rim counts."""
    assert is_within(0, 0, *point, 50) is is_there


def test_ahead_is_the_half_before_the_bow() -> None:
    """What lies abeam counts, what lies astern does not."""
    assert is_ahead(0, 0, 10, 0, 5, 100)
    assert is_ahead(0, 0, 10, 0, 0, 100)
    assert not is_ahead(0, 0, 10, 0, -1, 0)
