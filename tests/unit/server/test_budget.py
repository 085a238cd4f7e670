"""Token buckets: a burst, then the rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.budget import Budget

STEPS = st.lists(st.floats(0, 2), max_size=200)


def test_a_bucket_starts_full_and_refills() -> None:
    """The burst at once, nothing more, one for each interval after."""
    budget = Budget(rate_hz=8, burst=3)
    assert [budget.take(5.0) for _ in range(5)] == [True, True, True, False, False]
    assert budget.take(5.125)
    assert not budget.take(5.125)
    assert [budget.take(100.0) for _ in range(4)] == [True, True, True, False]


@given(gaps_s=STEPS)
def test_no_more_than_burst_and_rate_in_any_time(gaps_s: list[float]) -> None:
    """However the attempts are spread, the granted ones are at most burst + rate x time."""
    budget = Budget(rate_hz=4, burst=5)
    now_s = granted = 0.0
    for gap_s in gaps_s:
        now_s += gap_s
        granted += budget.take(now_s)
    assert granted <= 5 + 4 * now_s + 1e-6
