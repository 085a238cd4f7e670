"""A behaviour that rows around the whole world: many cell borders are crossed, nothing is contended."""

from __future__ import annotations

import math

from client_bot.brains.oars import heading_inland, row_along
from client_bot.brains.sight import Brain, Order, Sight

TURN_CHANCE = 0.1


class Explorer(Brain):
    """Keeps a heading, changes it now and then, and turns back at the shore."""

    def __init__(self) -> None:
        self._heading_rad: float | None = None

    def decide(self, sight: Sight) -> list[Order]:
        """One stroke."""
        here = sight.position(sight.avatar)
        if here is None or not sight.offers("row"):
            return []
        if self._heading_rad is None or sight.chance.random() < TURN_CHANCE:
            self._heading_rad = sight.chance.uniform(-math.pi, math.pi)
        inward_rad = heading_inland(sight, here)
        if inward_rad is not None:
            self._heading_rad = inward_rad + sight.chance.uniform(-1, 1)
        return [row_along(sight, self._heading_rad)]
