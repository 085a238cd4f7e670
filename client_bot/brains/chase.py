"""Going after something: keeps to the nearest entity of some kinds until it is gone or done with.

A look goes over everything in view: with hundreds of bots in a process it must be rare.
"""

from __future__ import annotations

import math

from client_bot.brains.sight import Point, Sight

LOOK_AGAIN_S = 1.0


class Chase:
    """One target at a time; looks for another at most once a second."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds
        self._target: int | None = None
        self._done_with: tuple[int, ...] = ()
        self._look_s = -math.inf

    def target(self, sight: Sight) -> tuple[int, Point] | None:
        """What it goes after and where that is now; None when there is nothing in view."""
        there = None if self._target is None else sight.position(self._target)
        if there is None and sight.now_s >= self._look_s:
            self._look_s = sight.now_s + LOOK_AGAIN_S
            others = sight.nearest(*self._kinds, but=self._done_with)
            self._target = sight.nearest(*self._kinds) if others is None else others
            there = None if self._target is None else sight.position(self._target)
        return None if self._target is None or there is None else (self._target, there)

    def give_up(self) -> None:
        """Lets the target be; the next one is another, if there is one."""
        if self._target is not None:
            self._done_with = (self._target,)
            self._target = None
