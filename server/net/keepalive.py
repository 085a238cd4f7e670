"""When a silent client is asked for a sign of life, and when it is given up. Pure; the clock is an argument.

Invariant: a client that was heard within the interval is left alone.
"""

from __future__ import annotations

import enum

import attrs


class Step(enum.Enum):
    """What to do now."""

    NOTHING = enum.auto()
    PING = enum.auto()
    GIVE_UP = enum.auto()


@attrs.define(eq=False)
class Keepalive:
    """Watches over one client.

    Args:
        interval_s: silence after which it is pinged. timeout_s: further silence after which it is given up.
        heard_s: when it was last heard.
    """

    interval_s: float
    timeout_s: float
    heard_s: float
    _is_pinged: bool = attrs.field(init=False, default=False)

    def tick(self, now_s: float, was_heard: bool) -> Step:
        """The step at ``now_s``, given whether anything came since the last tick."""
        if was_heard:
            self._is_pinged = False
            self.heard_s = now_s
            return Step.NOTHING
        silence_s = now_s - self.heard_s
        if silence_s >= self.interval_s + self.timeout_s:
            return Step.GIVE_UP
        if silence_s < self.interval_s or self._is_pinged:
            return Step.NOTHING
        self._is_pinged = True
        return Step.PING
