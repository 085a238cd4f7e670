"""How boats move: pure arithmetic that every client can mirror bit for bit, so that it can show a stroke at once.

A boat moves by strokes of whole world units, so where it is depends on the strokes that took effect and on nothing
else: not on clocks, not on how many strokes were on the way together. The clock only says whether a stroke is taken:
each costs effort, effort is rest that has to be caught up with, and more than ``BURST_MS`` of it is too much.
All numbers are whole and below 2**53. The two roundings are those of IEEE 754 doubles: a square root, a product and a
quotient, each rounded once, then rounded up to a whole number. Any language with doubles gives the same.
"""

from __future__ import annotations

import math

SIZE = 4000
SPEED_PER_S = 400
BURST_MS = 600


def step(x: int, y: int, dx: int, dy: int) -> tuple[int, int]:
    """Where a stroke leads; the shore stops the boat. World units."""
    return min(max(x + dx, 0), SIZE - 1), min(max(y + dy, 0), SIZE - 1)


def effort_ms(dx: int, dy: int) -> int:
    """The time that a stroke is worth at full speed, in ms.

    Rounded up: rounded down, some strokes would cost less than they move.
    """
    return math.ceil(math.sqrt(dx * dx + dy * dy) * 1000 / SPEED_PER_S)


def tire(rested_ms: int, now_ms: int, effort: int) -> int | None:
    """When the crew has its full strength back after a stroke (ms since 1970); None: it is too tired for it.

    Args:
        rested_ms: the same before the stroke.
        now_ms: the time of the stroke.
        effort: what the stroke costs, in ms.
    """
    rested = max(rested_ms, now_ms) + effort
    return None if rested - now_ms > BURST_MS else rested


def is_within(ax: int, ay: int, bx: int, by: int, reach: int) -> bool:
    """Whether two points are at most ``reach`` apart, in world units."""
    return (ax - bx) * (ax - bx) + (ay - by) * (ay - by) <= reach * reach


def is_ahead(x: int, y: int, dx: int, dy: int, to_x: int, to_y: int) -> bool:
    """Whether a point lies before the bow of a boat whose last stroke was (``dx``, ``dy``), or right beside it."""
    return dx * (to_x - x) + dy * (to_y - y) >= 0
