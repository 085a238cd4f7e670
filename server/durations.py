"""How long something took, many times over: counts in buckets, as a histogram for Prometheus. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import attrs

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@attrs.define(eq=False)
class Durations:
    """Counts by duration."""

    seconds: float = 0.0
    _counts: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS_S) + 1))

    def add(self, seconds: float) -> None:
        """Counts one."""
        self.seconds += seconds
        self._counts[bisect_left(BOUNDS_S, seconds)] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """How many took no longer than each bound."""
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._counts)), strict=True))
