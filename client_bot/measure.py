"""Latency histograms of bounded size.

Values fall into buckets that grow by 2 %, so that a quantile is at most that far off whatever the number of samples;
the maximum is exact. Knows no clock. Invariant: memory depends on the range of the values, not on their number.
"""

from __future__ import annotations

import math

import attrs

GROWTH = 1.02
SMALLEST_S = 1e-5
_LOG_GROWTH = math.log(GROWTH)


@attrs.define(eq=False)
class Histogram:
    """Durations in seconds; a negative one counts as zero."""

    count: int = 0
    max_s: float = 0.0
    _buckets: dict[int, int] = attrs.Factory(dict)

    def add(self, duration_s: float) -> None:
        """Counts one duration."""
        bucket = max(0, math.ceil(math.log(max(duration_s, SMALLEST_S) / SMALLEST_S) / _LOG_GROWTH))
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        self.max_s = max(self.max_s, duration_s)

    def up_to(self, bound_s: float) -> int:
        """How many were not longer than a bound, to within 2 % of it."""
        return sum(count for bucket, count in self._buckets.items() if SMALLEST_S * GROWTH**bucket <= bound_s * GROWTH)

    def merge(self, other: Histogram) -> None:
        """Adds the durations of another."""
        for bucket, count in other._buckets.items():
            self._buckets[bucket] = self._buckets.get(bucket, 0) + count
        self.count += other.count
        self.max_s = max(self.max_s, other.max_s)

    def quantile(self, share: float) -> float | None:
        """The duration (seconds) that ``share`` (0 to 1) of the samples do not exceed; None without samples."""
        if not self.count:
            return None
        rank = max(1, math.ceil(share * self.count))
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                return min(SMALLEST_S * GROWTH**bucket, self.max_s)
        return self.max_s


@attrs.frozen
class Measures:
    """The latencies of one run, over all bots.

    ``do_to_done``: from a command's sending to its answer, at the bot. ``cross_node``: from the sending of a command
    that committed to the first view, of any bot on another node, at its version or later. ``seen_elsewhere``: the same,
    from the answer. ``resume_gap``: what a player notices of a change of connection: from the last message on the old
    one to the first view on the new one or, if that took longer, from the sending of a command that waited meanwhile
    to its answer. All on the clock of the bots' process,
    so that its own delay in reading counts too: ``lag``, by how much bots were late to act, says how large that is.
    """

    do_to_done: Histogram = attrs.Factory(Histogram)
    cross_node: Histogram = attrs.Factory(Histogram)
    seen_elsewhere: Histogram = attrs.Factory(Histogram)
    resume_gap: Histogram = attrs.Factory(Histogram)
    lag: Histogram = attrs.Factory(Histogram)

    def merge(self, other: Measures) -> None:
        """Adds the latencies that another swarm measured."""
        for field in attrs.fields(Measures):
            getattr(self, field.name).merge(getattr(other, field.name))
