"""A behaviour that breaks rules on purpose: every one of its commands ought to be refused, and to harm nobody.

It cheats in *Flotsam*; in another game it keeps still.
"""

from __future__ import annotations

from collections.abc import Callable

from client_bot.brains.explorer import Explorer
from client_bot.brains.sight import Brain, Order, Sight

CHEAT_CHANCE = 0.5
FAR = 1_000_000


def _too_far(sight: Sight) -> list[Order]:
    return [("row", {"dx": FAR, "dy": 0})]


def _too_often(sight: Sight) -> list[Order]:
    return [("row", {"dx": 40, "dy": 0})] * 10


def _wrong_type(sight: Sight) -> list[Order]:
    return [("row", {"dx": "north", "dy": None})]


def _no_such_command(sight: Sight) -> list[Order]:
    return [("sink_them_all", {})]


def _any_crate(sight: Sight) -> list[Order]:
    return [("grab", {"crate": crate}) for crate, _ in list(sight.mirror.find("Crate"))[:5]]


def _boats_for_crates(sight: Sight) -> list[Order]:
    return [("grab", {"crate": boat}) for boat, _ in list(sight.mirror.find("Boat"))[:2]]


def _itself(sight: Sight) -> list[Order]:
    return [("ram", {"boat": sight.avatar}), ("propose", {"boat": sight.avatar, "gives_gold": 1})]


def _all_boats(sight: Sight) -> list[Order]:
    return [("ram", {"boat": boat}) for boat, _ in list(sight.mirror.find("Boat"))[:5]]


def _offers_of_others(sight: Sight) -> list[Order]:
    return [
        (command, {"offer": offer})
        for offer, _ in list(sight.mirror.find("Offer"))[:3]
        for command in ("accept", "withdraw")
    ]


def _money_it_has_not(sight: Sight) -> list[Order]:
    return [("pay", {"lighthouse": light, "gold": FAR}) for light, _ in sight.mirror.find("Lighthouse")]


def _nothing_there(sight: Sight) -> list[Order]:
    return [("salvage", {"wreck": sight.avatar}), ("kindle", {"lighthouse": -1, "oil": 1}), ("accept", {"offer": 0})]


def _too_loud(sight: Sight) -> list[Order]:
    return [("shout", {"text": "!" * 1000}), ("shout", {"text": ""})]


CHEATS: tuple[Callable[[Sight], list[Order]], ...] = (
    _too_far,
    _too_often,
    _wrong_type,
    _no_such_command,
    _any_crate,
    _boats_for_crates,
    _itself,
    _all_boats,
    _offers_of_others,
    _money_it_has_not,
    _nothing_there,
    _too_loud,
)


class Griefer(Brain):
    """Rows like an explorer, and cheats every other time."""

    def __init__(self) -> None:
        self._wander = Explorer()

    def decide(self, sight: Sight) -> list[Order]:
        """A cheat or a stroke."""
        if not sight.offers("row", "grab", "ram"):
            return []
        if sight.chance.random() < CHEAT_CHANCE:
            return sight.chance.choice(CHEATS)(sight)
        return self._wander.decide(sight)
