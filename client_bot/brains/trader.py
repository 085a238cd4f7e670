"""A behaviour that trades: it collects cargo, hails the boats that it meets and offers them a little of it."""

from __future__ import annotations

import math

from client_bot.brains.chase import Chase
from client_bot.brains.hoarder import Hoarder
from client_bot.brains.oars import row_towards
from client_bot.brains.sight import Brain, Order, Point, Sight

HAIL_UNITS = 150.0
OFFER_EVERY_S = 3.0


class Trader(Brain):
    """Gold for oil, or oil for gold, whichever it has; nothing on board: it hoards first."""

    def __init__(self) -> None:
        self._hoarder = Hoarder()
        self._chase = Chase("Boat")
        self._offers_s = -math.inf

    def decide(self, sight: Sight) -> list[Order]:
        """An offer to a boat nearby, a stroke towards one, or what a hoarder does."""
        here = sight.position(sight.avatar)
        goods = _price(sight)
        if here is None or goods is None or sight.now_s < self._offers_s or not sight.offers("propose"):
            return self._hoarder.decide(sight)
        found = self._chase.target(sight)
        return self._hoarder.decide(sight) if found is None else self._hail(sight, here, *found, goods)

    def _hail(self, sight: Sight, here: Point, boat: int, there: Point, goods: dict[str, int]) -> list[Order]:
        if math.dist(here, there) > HAIL_UNITS:
            return [row_towards(sight, here, there)]
        self._offers_s = sight.now_s + OFFER_EVERY_S
        self._chase.give_up()
        return [("propose", {"boat": boat, **goods})]


def _price(sight: Sight) -> dict[str, int] | None:
    """What it would give, and for what; None when it has nothing."""
    gold, oil = sight.own("gold") or 0, sight.own("oil") or 0
    if not gold and not oil:
        return None
    gives_gold = gold > 0 and (not oil or sight.chance.random() < 0.5)
    if gives_gold:
        return {"gives_gold": min(gold, 3), "gives_oil": 0, "wants_gold": 0, "wants_oil": 1 if gold > 2 else 0}
    return {"gives_gold": 0, "gives_oil": 1, "wants_gold": 2, "wants_oil": 0}
