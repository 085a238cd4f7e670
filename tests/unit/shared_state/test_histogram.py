"""A histogram as Prometheus wants it."""

from __future__ import annotations

from shared_state.histogram import SECONDS, SIZES, Histogram


def test_buckets_count_what_was_no_larger() -> None:
    """A figure on a bound belongs to it; the last bucket has everything."""
    durations = Histogram()
    for seconds in (0.0005, 0.001, 0.003, 5.0):
        durations.add(seconds)
    buckets = dict(durations.buckets())
    assert (buckets["0.001"], buckets["0.002"], buckets["0.005"], buckets["1"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert len(buckets) == len(SECONDS) + 1
    assert abs(durations.total - 5.0045) < 1e-9


def test_bounds_are_chosen_for_what_is_counted() -> None:
    """Sizes have other bounds than durations."""
    sizes = Histogram(SIZES)
    sizes.add(3)
    assert dict(sizes.buckets()) == {**{f"{bound:g}": float(bound >= 3) for bound in SIZES}, "+Inf": 1.0}
