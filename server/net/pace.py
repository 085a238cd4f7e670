"""When the next receiving round may begin: at once when idle, a little later under load.

Pure; the clock is an argument.
Invariant: a round is never put off longer than the pause, and not at all unless waiting is likely to gather more.
"""

from __future__ import annotations

import attrs

# A round that gathers fewer sockets than this saves less than its wait costs the players.
_WORTH_WAITING_FOR = 2.0
_SMOOTHING = 0.2


@attrs.define(eq=False)
class Pace:
    """Spaces rounds by ``pause_s`` while sockets become ready faster than about two a pause."""

    pause_s: float
    _last_s: float = -1.0
    _rate_hz: float = 0.0

    def delay_s(self, now_s: float) -> float:
        """Seconds to wait before a round."""
        if self._rate_hz * self.pause_s < _WORTH_WAITING_FOR:
            return 0.0
        return max(0.0, min(self.pause_s, self._last_s + self.pause_s - now_s))

    def record(self, now_s: float, ready: int) -> None:
        """Notes a round that found ``ready`` sockets."""
        elapsed_s = max(now_s - self._last_s, 1e-4)
        weight = max(_SMOOTHING, min(1.0, elapsed_s))
        self._rate_hz += weight * (ready / elapsed_s - self._rate_hz)
        self._last_s = now_s
