"""Lines that come too often are left out and counted."""

from __future__ import annotations

import pytest
import structlog

from server.logs import BURST, MOST_EVENTS, RATE_HZ, Throttle


class Clock:
    """Time that a test turns."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def written(throttle: Throttle, event: str, times: int) -> list[dict[str, object]]:
    """The lines that come through."""
    lines = []
    for number in range(times):
        try:
            lines.append(dict(throttle(None, "info", {"event": event, "number": number})))
        except structlog.DropEvent:
            continue
    return lines


def test_many_lines_alike_become_one_that_counts_them() -> None:
    """The first ones are written; later one now and then, with how many were left out before it."""
    clock = Clock()
    throttle = Throttle(clock)
    assert len(written(throttle, "player joined", BURST + 37)) == BURST
    clock.now_s += 1 / RATE_HZ
    (line,) = written(throttle, "player joined", 1)
    assert line == {"event": "player joined", "number": 0, "left_out": 37}
    clock.now_s += 1 / RATE_HZ
    assert "left_out" not in written(throttle, "player joined", 1)[0]


def test_other_events_are_not_left_out_with_them() -> None:
    """Each is counted alone, and usual ones are never touched."""
    throttle = Throttle(Clock())
    written(throttle, "store link down", 10 * BURST)
    assert written(throttle, "world open", 1) == [{"event": "world open", "number": 0}]
    assert throttle.take_left_out() == {"store link down": 9 * BURST}
    assert throttle.take_left_out() == {}


def test_events_without_end_take_no_memory_without_end() -> None:
    """The longest known is forgotten."""
    throttle = Throttle(Clock())
    for number in range(2 * MOST_EVENTS):
        written(throttle, f"event {number}", 1)
    assert len(throttle._events) == MOST_EVENTS


@pytest.mark.parametrize("event", ["", None, 7])
def test_any_event_can_be_counted(event: object) -> None:
    """Whatever a game calls its lines."""
    assert Throttle(Clock())(None, "info", {"event": event}) == {"event": event}
