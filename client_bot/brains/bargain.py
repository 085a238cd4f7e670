"""Taking offers: a part of behaviours that do not mind to trade."""

from __future__ import annotations

import math

from client_bot.brains.sight import Order, Sight

LOOK_AGAIN_S = 1.0


class Bargain:
    """Accepts what is offered to the own boat, if it has what is wanted; looks around at most once a second."""

    def __init__(self) -> None:
        self._look_s = -math.inf

    def take(self, sight: Sight) -> list[Order]:
        """An acceptance, if there is something to accept."""
        if sight.now_s < self._look_s or not sight.offers("accept"):
            return []
        self._look_s = sight.now_s + LOOK_AGAIN_S
        for offer, _ in sight.mirror.find("Offer"):
            if sight.value(offer, "buyer") == sight.avatar and self._affords(sight, offer):
                return [("accept", {"offer": offer})]
        return []

    def _affords(self, sight: Sight, offer: int) -> bool:
        return all((sight.own(good) or 0) >= (sight.value(offer, f"wants_{good}") or 0) for good in ("gold", "oil"))
