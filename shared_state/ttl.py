"""A time to live (of a lease, a seat, a node's word) as the store counts it: whole microseconds. Pure."""

from __future__ import annotations

import math


def ttl_us(ttl_s: float) -> int:
    """A time to live in microseconds, at least one. Raises: ValueError, when it is not above zero and finite."""
    if not 0 < ttl_s < math.inf:
        raise ValueError(f"a time to live is above zero and finite, not {ttl_s} s")
    return max(1, round(ttl_s * 1_000_000))
