"""A behaviour that keeps lighthouses: it brings them oil and gold, which many others do at the same time."""

from __future__ import annotations

import math

from client_bot.brains.chase import Chase
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.oars import row_towards
from client_bot.brains.sight import Brain, Order, Point, Sight

REACH_UNITS = 140.0
VISIT_EVERY_S = 5.0
ENOUGH_OIL = 3


class Keeper(Brain):
    """Hoards until it has some oil, then goes to the lighthouse in view, outbids its keeper and has the hull mended."""

    def __init__(self) -> None:
        self._hoarder = Hoarder()
        self._chase = Chase("Lighthouse")
        self._visits_s = -math.inf

    def decide(self, sight: Sight) -> list[Order]:
        """A pledge and a tribute, a stroke towards a lighthouse, or what a hoarder does."""
        here = sight.position(sight.avatar)
        has_enough = (sight.own("oil") or 0) >= ENOUGH_OIL and sight.offers("kindle", "pay", "row")
        found = self._chase.target(sight) if has_enough and sight.now_s >= self._visits_s else None
        if here is None or found is None:
            return self._hoarder.decide(sight)
        return self._visit(sight, here, *found)

    def _visit(self, sight: Sight, here: Point, light: int, there: Point) -> list[Order]:
        if math.dist(here, there) > REACH_UNITS:
            return [row_towards(sight, here, there)]
        self._visits_s = sight.now_s + VISIT_EVERY_S
        orders: list[Order] = []
        if sight.own("gold"):
            orders.append(("pay", {"lighthouse": light, "gold": 1}))
        is_keeper = sight.value(light, "keeper") == sight.avatar
        if is_keeper or sight.own("oil") > (sight.value(light, "pledge") or 0):
            orders.append(("kindle", {"lighthouse": light, "oil": sight.own("oil")}))
        return orders
