"""Times to live, as the store counts them."""

from __future__ import annotations

import math

import pytest

from shared_state.ttl import ttl_us


def test_whole_microseconds_at_least_one() -> None:
    """Rounded, never to nothing."""
    assert [ttl_us(ttl) for ttl in (1.0, 0.0015, 1e-9)] == [1_000_000, 1500, 1]


@pytest.mark.parametrize("ttl_s", [0, -1, math.nan, math.inf])
def test_no_life_time_is_refused(ttl_s: float) -> None:
    """Zero would delete a lease where it meant to keep it."""
    with pytest.raises(ValueError, match="above zero"):
        ttl_us(ttl_s)
