"""A behaviour that only looks: its bot is a spectator and checks what it is shown."""

from __future__ import annotations

from client_bot.brains.sight import Order, Sight


class Onlooker:
    """Gives no command."""

    spectates = True

    def decide(self, sight: Sight) -> list[Order]:
        """Nothing, ever."""
        return []
