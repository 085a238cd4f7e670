"""A behaviour that rams: it runs into the nearest boat, takes what falls overboard, and turns away for a while."""

from __future__ import annotations

import math

from client_bot.brains.chase import Chase
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.oars import row_along, row_towards
from client_bot.brains.sight import Brain, Order, Point, Sight

NEAR_UNITS = 30.0
REACH_UNITS = 100.0
RAM_EVERY_S = 4.5


class Brawler(Brain):
    """Chases boats; while its crew gets its breath back it hoards."""

    def __init__(self) -> None:
        self._hoarder = Hoarder()
        self._chase = Chase("Boat")
        self._rams_s = -math.inf

    def decide(self, sight: Sight) -> list[Order]:
        """A stroke and a ram, a stroke to get there, or what a hoarder does."""
        here = sight.position(sight.avatar)
        if here is None or sight.now_s < self._rams_s or not sight.offers("ram", "row"):
            return self._hoarder.decide(sight)
        found = self._chase.target(sight)
        return self._hoarder.decide(sight) if found is None else self._charge(sight, here, *found)

    def _charge(self, sight: Sight, here: Point, boat: int, there: Point) -> list[Order]:
        distance = math.dist(here, there)
        if distance < NEAR_UNITS:
            # Too close for a run-up: a stroke away first.
            return [row_along(sight, sight.chance.uniform(-math.pi, math.pi))]
        stroke = row_towards(sight, here, there)
        if distance > REACH_UNITS:
            return [stroke]
        self._rams_s = sight.now_s + RAM_EVERY_S
        self._chase.give_up()
        return [stroke, ("ram", {"boat": boat})]
