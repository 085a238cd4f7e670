"""How a boat is steered in *Flotsam*: the ``row`` command towards a point or along a heading, within its bounds.

Pure geometry; knows no behaviour. Invariant: a stroke is never longer than one axis allows, and never empty.
"""

from __future__ import annotations

import math

from client_bot.brains.sight import Order, Point, Sight

STROKE_UNITS = 40
SHORE_SHARE = 0.1


def row_towards(sight: Sight, here: Point, there: Point) -> Order:
    """One stroke from ``here`` towards ``there``, no further than that."""
    return _stroke(there[0] - here[0], there[1] - here[1], longest_stroke(sight))


def row_along(sight: Sight, heading_rad: float) -> Order:
    """One long stroke along a heading (radians)."""
    length = longest_stroke(sight)
    return _stroke(math.cos(heading_rad) * length, math.sin(heading_rad) * length, length)


def heading_inland(sight: Sight, here: Point) -> float | None:
    """The heading (radians) away from the shore when a boat is close to the edge of the world; else None."""
    left, top, right, bottom = sight.mirror.lexicon.schema.bounds
    margin_x, margin_y = (right - left) * SHORE_SHARE, (bottom - top) * SHORE_SHARE
    inside = left + margin_x <= here[0] <= right - margin_x and top + margin_y <= here[1] <= bottom - margin_y
    if inside:
        return None
    return math.atan2((top + bottom) / 2 - here[1], (left + right) / 2 - here[0])


def longest_stroke(sight: Sight) -> float:
    """How far one ``row`` goes along an axis, by the schema; ``STROKE_UNITS`` when it does not say."""
    info = sight.mirror.lexicon.argument("row", "dx")
    return STROKE_UNITS if info is None or info.high is None else info.high


def _stroke(dx: float, dy: float, longest: float) -> Order:
    reach = math.hypot(dx, dy)
    scale = min(1.0, longest / reach) if reach else 0.0
    x, y = int(dx * scale), int(dy * scale)
    return "row", {"dx": x, "dy": y} if x or y else {"dx": 1, "dy": 0}
