"""What a behaviour decides from, and what every behaviour is.

Invariant: a decision depends on the sight and the behaviour's own memory, never on the world outside, so a seed and a
history of views give the same commands.
"""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, ClassVar, TypeAlias

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

    def offers(self, *commands: str) -> bool:
        """The game has these commands."""
        return all(command in self.mirror.lexicon.commands for command in commands)

    def position(self, entity_id: int) -> Point | None:
        """Where an entity is; None when it is not in view or has no ``x`` and ``y``."""
        x, y = self.value(entity_id, "x"), self.value(entity_id, "y")
        return None if x is None or y is None else (x, y)

    def value(self, entity_id: int, field: str) -> Any:
        """A field of an entity, by its name; None when it is not in view or has no such field."""
        entity = self.mirror.get(entity_id)
        return None if entity is None else self.mirror.value(entity, field)

    def own(self, field: str) -> Any:
        """A field of the own avatar; None when that is not in view or has no such field."""
        return self.value(self.avatar, field)

    def kind_of(self, entity_id: int) -> str:
        """The name of an entity's kind; empty when it is not in view."""
        entity = self.mirror.get(entity_id)
        return "" if entity is None else self.mirror.lexicon.schema.kinds[entity.kind].name

    def nearest(self, *kinds: str, but: Collection[int] = ()) -> int | None:
        """The entity of these kinds that is nearest to the avatar, itself left out; looks at everything in view."""
        here = self.position(self.avatar)
        ids = [id_ for kind in kinds for id_, _ in self.mirror.find(kind) if id_ != self.avatar and id_ not in but]
        points = [(there, id_) for id_ in ids if (there := self.position(id_)) is not None]
        return min((math.dist(here, there), id_) for there, id_ in points)[1] if here and points else None


class Brain(ABC):
    """A behaviour: asked at the bot's command rate what it would do, while it has an avatar in the world.

    ``spectates``: the bot joins without an avatar, and is never asked. ``breaks_off_after_s``: about how long until it
    drops its connection without a word, to come back at once. ``reads_every_s``: how long it does not read, each time.
    """

    spectates: ClassVar[bool] = False
    breaks_off_after_s: ClassVar[float] = math.inf
    reads_every_s: ClassVar[float] = 0.0

    @abstractmethod
    def decide(self, sight: Sight) -> list[Order]:
        """The commands to give now, in order; may be empty."""
