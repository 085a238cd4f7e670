"""Behaviours that give no command: one that plays and does nothing, and one that hardly reads what it is sent."""

from __future__ import annotations

from client_bot.brains.sight import Brain, Order, Sight


class Idler(Brain):
    """Lies in the bay and looks around."""

    def decide(self, sight: Sight) -> list[Order]:
        """Nothing, ever."""
        return []


class Dawdler(Idler):
    """A slow reader: takes what the node sends only every two seconds; nobody else may notice."""

    reads_every_s = 2.0


class Onlooker(Idler):
    """A spectator: checks what it is shown."""

    spectates = True
