"""Token buckets: how often something may happen. Pure; time is an argument."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Budget:
    """A bucket that refills at ``rate_hz`` up to ``burst`` and starts full."""

    rate_hz: float
    burst: float
    _spent: float = 0.0
    _at_s: float = 0.0

    def take(self, now_s: float, cost: float = 1.0) -> bool:
        """Spends so many tokens, if there are as many."""
        self._spent = max(0.0, self._spent - (now_s - self._at_s) * self.rate_hz)
        self._at_s = now_s
        if self._spent + cost > self.burst:
            return False
        self._spent += cost
        return True
