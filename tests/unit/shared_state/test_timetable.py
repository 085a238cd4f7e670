"""When batches leave: in time for the next showing, and never after the pause."""

from __future__ import annotations

import pytest

from shared_state.timetable import Timetable

PAUSE_S = 0.025
JOURNEY_S = 0.002


def experienced(next_showing_s: float) -> Timetable:
    """A timetable that knows how long a journey takes; its last departure was at 0.98."""
    timetable = Timetable(PAUSE_S, lambda: next_showing_s)
    for number in range(50):
        timetable.depart(0.49 + number * 0.01)
        timetable.arrive(0.49 + number * 0.01 + JOURNEY_S)
    return timetable


def test_nobody_waits_for_a_showing_that_is_due() -> None:
    """The last showing is long ago: whoever comes leaves at once."""
    assert experienced(next_showing_s=0.995).departure_s(2.0) == 2.0


def test_a_batch_arrives_just_before_the_showing() -> None:
    """With a showing to come within the pause, the batch leaves a journey and a half before it."""
    assert experienced(next_showing_s=1.02).departure_s(1.0) == pytest.approx(1.02 - 1.5 * JOURNEY_S)


def test_nobody_waits_longer_than_the_pause() -> None:
    """A showing that is far away is not waited for: other nodes have showings of their own."""
    assert experienced(next_showing_s=1.4).departure_s(1.0) == 1.0 + PAUSE_S


def test_one_batch_hurries_for_a_showing() -> None:
    """Too late for the usual journey, the first batch tries; those after it wait for the showing after."""
    timetable = experienced(next_showing_s=1.001)
    assert timetable.departure_s(1.0) == 1.0
    timetable.depart(1.0)
    timetable.arrive(1.0002)
    assert timetable.departure_s(1.0005) == 1.0005 + PAUSE_S


def test_without_a_pause_nobody_waits() -> None:
    """What is to be seen at once is committed at once."""
    timetable = Timetable(0.0, lambda: 5.0)
    timetable.depart(0.9)
    assert timetable.departure_s(1.0) == 1.0
