"""How much may come into one client's view: a bucket of rows that refills over time. Pure; time is an argument.

Looking elsewhere costs a node far more than a client, which only has to say so; and a view taken in bits lets others
have their turn. Invariant: over any time, no more rows are paid out than ``burst``, the refill, and one cell.
"""

from __future__ import annotations

import attrs

ROWS_HZ = 1000.0
ROWS_BURST = 2000.0


@attrs.define(eq=False)
class Allowance:
    """A bucket of rows that starts full; the last payment may overdraw it."""

    rate_hz: float = ROWS_HZ
    burst: float = ROWS_BURST
    _spent: float = 0.0
    _at_s: float = 0.0

    def refill(self, now_s: float) -> None:
        """Adds what the time since the last call is worth."""
        self._spent = max(0.0, self._spent - (now_s - self._at_s) * self.rate_hz)
        self._at_s = now_s

    @property
    def is_left(self) -> bool:
        """Whether something may still be paid."""
        return self._spent < self.burst

    def pay(self, rows: int) -> None:
        """Takes out rows."""
        self._spent += rows
