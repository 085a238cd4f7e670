"""Scales of plots: where a value stands between the ends of an axis, and which values are named there.

Pure. Invariant: ends and ticks are 1, 2 or 5 times a power of ten, or zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import count, islice, takewhile

import attrs

MOST_TICKS = 6
STEPS = (1, 2, 5)


@attrs.frozen
class Scale:
    """An axis from ``low`` to ``high``."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high end; what is outside stands at an end."""
        low, high = (math.log(self.low), math.log(self.high)) if self.is_log else (self.low, self.high)
        place = math.log(max(value, self.low)) if self.is_log else value
        return min(1.0, max(0.0, (place - low) / (high - low)))


def span(high: float) -> Scale:
    """A scale from zero to exactly ``high``, as of time."""
    high = high or 1.0
    return Scale(0.0, high, _multiples(high))


def linear(values: Iterable[float]) -> Scale:
    """A scale from zero to a round number above all values."""
    top = max(values, default=1.0) or 1.0
    high = next(step for step in _round_numbers(top) if step >= top)
    return Scale(0.0, high, _multiples(high))


def logarithmic(values: Iterable[float]) -> Scale:
    """A scale between round numbers around all values, which are positive."""
    known = list(values) or [1.0]
    low, top = min(known), max(known)
    first = max(step for step in islice(_round_numbers(low), 6) if step <= low)
    steps = list(takewhile(lambda step: step < top, (step for step in _round_numbers(low) if step >= first)))
    last = next(step for step in _round_numbers(top) if step >= top and step > first)
    ticks = (*(steps or [first]), last)
    tens = tuple(step for step in ticks if math.log10(step).is_integer())
    return Scale(first, last, ticks if len(ticks) <= MOST_TICKS else tens, is_log=True)


def _multiples(high: float) -> tuple[float, ...]:
    width = next(step for step in _round_numbers(high / MOST_TICKS) if high / step <= MOST_TICKS)
    return tuple(width * number for number in range(int(high / width) + 1))


def _round_numbers(near: float) -> Iterator[float]:
    """1, 2 and 5 times powers of ten, rising, from below ``near`` on."""
    power = math.floor(math.log10(near)) - 1
    for exponent in count(power):
        yield from (step * 10.0**exponent for step in STEPS)
