"""A behaviour that goes for the nearest cargo, as every other hoarder does: contention on purpose."""

from __future__ import annotations

import math

from client_bot.brains.bargain import Bargain
from client_bot.brains.chase import Chase
from client_bot.brains.explorer import Explorer
from client_bot.brains.oars import row_towards
from client_bot.brains.sight import Brain, Order, Point, Sight

REACH_UNITS = 60.0
SALVAGE_S = 3.5
"""How long it stays at a wreck: a little longer than the work takes."""


class Hoarder(Brain):
    """Keeps to one crate or wreck until it is gone or was tried; takes good offers on the way."""

    def __init__(self) -> None:
        self._wander = Explorer()
        self._bargain = Bargain()
        self._chase = Chase("Crate", "Wreck")
        self._works_until_s = -math.inf

    def decide(self, sight: Sight) -> list[Order]:
        """A grab or salvage when the target is in reach, else a stroke towards it, else a stroke anywhere."""
        here = sight.position(sight.avatar)
        if here is None or not sight.offers("grab"):
            return []
        if sight.now_s < self._works_until_s:
            return []
        return self._bargain.take(sight) or self._hunt(sight, here)

    def _hunt(self, sight: Sight, here: Point) -> list[Order]:
        found = self._chase.target(sight)
        if found is None:
            return self._wander.decide(sight)
        target, there = found
        if math.dist(here, there) > REACH_UNITS:
            return [row_towards(sight, here, there)]
        self._chase.give_up()
        if sight.kind_of(target) == "Crate":
            return [("grab", {"crate": target})]
        if any(sight.value(boat, "salvages") == target for boat, _ in sight.mirror.find("Boat")):
            return self._wander.decide(sight)
        self._works_until_s = sight.now_s + SALVAGE_S
        return [("salvage", {"wreck": target})]
