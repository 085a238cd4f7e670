"""How long a bot waits before it connects again, and whether it may.

Pure: chance comes as an argument. Invariant: full jitter is applied after the cap (before it, capped clients come back
in step), and the delay starts over only after a connection that lasted.
"""

from __future__ import annotations

import random

import attrs

FIRST_S = 0.5
LONGEST_S = 8.0
LASTING_S = 5.0
GOING_AWAY, ABNORMAL, INTERNAL_ERROR, SERVICE_RESTART, TRY_LATER = 1001, 1006, 1011, 1012, 1013
RETURN_CODES = frozenset({GOING_AWAY, ABNORMAL, INTERNAL_ERROR, SERVICE_RESTART, TRY_LATER})


def may_return(close_code: int) -> bool:
    """A connection closed with this code may be followed by another: 4000 to 4499 and what a failing node sends."""
    return 4000 <= close_code < 4500 or close_code in RETURN_CODES


@attrs.define(eq=False)
class Backoff:
    """The delays of one client: exponential, capped, fully jittered."""

    chance: random.Random
    _failures: int = 0

    def next_s(self, lasted_s: float) -> float:
        """Seconds to wait after a session that lasted ``lasted_s`` seconds on one connection; 0: none came about."""
        if lasted_s >= LASTING_S:
            self._failures = 0
        longest_s = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self.chance.uniform(0.0, longest_s)
