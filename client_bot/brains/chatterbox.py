"""A behaviour that rows and shouts: events go to all who see the boat."""

from __future__ import annotations

from client_bot.brains.explorer import Explorer
from client_bot.brains.sight import Brain, Order, Sight

SHOUT_CHANCE = 0.05
PHRASES = ("Ahoy!", "Mine, all mine.", "Mind your oars", "Wer rudert, der findet.", "潮が変わるぞ", "🦀")


class Chatterbox(Brain):
    """Rows like an explorer; every twentieth time or so it shouts instead."""

    def __init__(self) -> None:
        self._wander = Explorer()

    def decide(self, sight: Sight) -> list[Order]:
        """A shout or a stroke."""
        if sight.offers("shout") and sight.chance.random() < SHOUT_CHANCE:
            return [("shout", {"text": sight.chance.choice(PHRASES)})]
        return self._wander.decide(sight)
