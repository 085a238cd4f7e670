"""What a behaviour decides from, and the port that every behaviour implements.

Values only. Invariant: a decision depends on the sight and the behaviour's own memory, never on the world outside, so a
seed and a history of views give the same commands.
"""

from __future__ import annotations

import random
from typing import Any, Protocol, TypeAlias

import attrs

from client_bot.mirror import Mirror

Order: TypeAlias = tuple[str, dict[str, Any]]
Point: TypeAlias = tuple[float, float]


@attrs.frozen
class Sight:
    """One look at the world: the mirror, the own avatar's id, a source of chance, and the time in seconds."""

    mirror: Mirror
    avatar: int
    chance: random.Random
    now_s: float

    def offers(self, command: str) -> bool:
        """The game has such a command."""
        return command in self.mirror.lexicon.commands

    def position(self, entity_id: int) -> Point | None:
        """Where an entity is; None when it is not in view or has no ``x`` and ``y``."""
        entity = self.mirror.get(entity_id)
        if entity is None:
            return None
        x, y = self.mirror.value(entity, "x"), self.mirror.value(entity, "y")
        return None if x is None or y is None else (x, y)


class Brain(Protocol):
    """A behaviour: called at the bot's command rate, with an avatar in the world."""

    @property
    def spectates(self) -> bool:
        """The bot joins without an avatar."""

    def decide(self, sight: Sight) -> list[Order]:
        """The commands to give now, in order; may be empty."""
