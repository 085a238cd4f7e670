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

    def take(self, now_s: float) -> bool:
        """Spends one token, if there is one."""
        self._spent = max(0.0, self._spent - (now_s - self._at_s) * self.rate_hz)
        self._at_s = now_s
        if self._spent + 1 > self.burst:
            return False
        self._spent += 1
        return True
