"""A behaviour that goes for the nearest crate and grabs it, as every other hoarder does: contention on purpose."""

from __future__ import annotations

import math

from client_bot.brains.explorer import Explorer
from client_bot.brains.oars import row_towards
from client_bot.brains.sight import Order, Point, Sight

REACH_UNITS = 60.0
LOOK_AGAIN_S = 1.0


class Hoarder:
    """Keeps to one crate until it is gone or was grabbed at; looks for another at most once a second."""

    spectates = False

    def __init__(self) -> None:
        self._wander = Explorer()
        self._target: int | None = None
        self._grabbed: int | None = None
        self._look_s = -math.inf

    def decide(self, sight: Sight) -> list[Order]:
        """A grab when the crate is in reach, else a stroke towards it, else a stroke anywhere."""
        here = sight.position(sight.avatar)
        if here is None or not sight.offers("grab"):
            return []
        target, there = self._choose(sight, here)
        if target is None or there is None:
            return self._wander.decide(sight)
        if math.dist(here, there) > REACH_UNITS:
            return [row_towards(sight, here, there)]
        self._target, self._grabbed = None, target
        return [("grab", {"crate": target})]

    def _choose(self, sight: Sight, here: Point) -> tuple[int | None, Point | None]:
        there = None if self._target is None else sight.position(self._target)
        if there is None and sight.now_s >= self._look_s:
            # A look goes over everything in view: with hundreds of bots in a process it must be rare.
            self._look_s = sight.now_s + LOOK_AGAIN_S
            self._target = self._nearest(sight, here)
            there = None if self._target is None else sight.position(self._target)
        return self._target, there

    def _nearest(self, sight: Sight, here: Point) -> int | None:
        points = ((crate, sight.position(crate)) for crate, _ in sight.mirror.find("Crate") if crate != self._grabbed)
        near = [(math.dist(here, point), crate) for crate, point in points if point is not None]
        return min(near)[1] if near else None
