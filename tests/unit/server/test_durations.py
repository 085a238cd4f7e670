"""Durations: a histogram as Prometheus wants it."""

from __future__ import annotations

from server.durations import BOUNDS_S, Durations


def test_buckets_count_what_took_no_longer() -> None:
    """A duration on a bound belongs to it; the last bucket has everything."""
    durations = Durations()
    for seconds in (0.0005, 0.001, 0.003, 5.0):
        durations.add(seconds)
    buckets = dict(durations.buckets())
    assert (buckets["0.001"], buckets["0.002"], buckets["0.005"], buckets["1.0"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert len(buckets) == len(BOUNDS_S) + 1
    assert abs(durations.seconds - 5.0045) < 1e-9
