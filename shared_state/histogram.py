"""Counts of figures in buckets, as a histogram for Prometheus. Pure."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import attrs

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


@attrs.define(eq=False)
class Histogram:
    """Figures, counted by the first of ``bounds`` that is not below them; by default durations in seconds."""

    bounds: tuple[float, ...] = SECONDS
    total: float = 0.0
    _counts: list[int] = attrs.field(
        init=False, default=attrs.Factory(lambda self: [0] * (len(self.bounds) + 1), takes_self=True)
    )

    def add(self, figure: float) -> None:
        """Counts one."""
        self.total += figure
        self._counts[bisect_left(self.bounds, figure)] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """How many were no larger than each bound."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self._counts)), strict=True))
