"""When batches leave: as late as costs nobody anything, so that one call to the store serves many commands.

What is committed is seen with the next showing to players, which happens so many times a second and not in between.
So jobs wait until a batch that leaves then just arrives before it, and no longer than a pause: players of other nodes
have showings of their own. Without a showing to come (the last one is long ago) nobody waits.
Pure; the clock is an argument. Invariant: no job waits longer than the pause.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

_SMOOTHING = 0.2
_MARGIN = 1.5
"""Times the usual journey: who leaves that long before a showing arrives in time, even if it takes a little longer."""


@attrs.define(eq=False)
class Timetable:
    """Departures of one world's batches.

    Args:
        pause_s: how long a job may wait.
        next_showing_s: the soonest that players may be shown anything more; in the past: at once.
    """

    pause_s: float
    next_showing_s: Callable[[], float]
    _journey_s: float = 0.0
    _departed_s: float = -1.0

    def departure_s(self, now_s: float) -> float:
        """When the batch leaves whose first job is there now."""
        latest_s = self.next_showing_s() - _MARGIN * self._journey_s
        if now_s < latest_s:
            return min(now_s + self.pause_s, latest_s)
        # Nobody has left for this showing yet: the sooner the better. Else it is the one after that is waited for.
        return now_s if self._departed_s < latest_s else now_s + self.pause_s

    def depart(self, now_s: float) -> None:
        """Jobs leave."""
        self._departed_s = now_s

    def arrive(self, now_s: float) -> None:
        """All that left is committed, and known here."""
        self._journey_s += _SMOOTHING * (now_s - self._departed_s - self._journey_s)
