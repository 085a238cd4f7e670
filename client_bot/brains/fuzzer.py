"""A behaviour that plays any game from its schema alone: random commands with arguments that fit their fields.

Knows no game. Invariant: every argument has its field's type and lies within its bounds; whether the rules like it is
the game's business, and a rejection is a good answer.
"""

from __future__ import annotations

import math
import random
from typing import Any

from client_bot.brains.sight import Brain, Order, Sight
from server.wire.messages import FieldInfo

FREE_RANGE = 100.0
FREE_TEXT_CHARS = 12
ALPHABET = "abc xyz äöü 0123456789 !? 水 🦀"


class Fuzzer(Brain):
    """One random command at a time."""

    def decide(self, sight: Sight) -> list[Order]:
        """Any command of the game."""
        commands = sight.mirror.lexicon.schema.commands
        if not commands:
            return []
        command = sight.chance.choice(commands)
        return [(command.name, {field.name: _argument(field, sight) for field in command.fields})]


def _argument(field: FieldInfo, sight: Sight) -> Any:
    chance = sight.chance
    match field.type:
        case "int":
            low, high = _bounds(field)
            return chance.randint(math.ceil(low), math.floor(high))
        case "float":
            return chance.uniform(*_bounds(field))
        case "str":
            return _text(field, chance)
        case "bool":
            return chance.random() < 0.5
        case "ref":
            return _visible(sight)
        case _:
            return chance.choice([None, True, 0, -1.5, "text", [], [1, "two"], {}, {"key": 1}])


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low = field.low if field.low is not None else min(-FREE_RANGE, field.high or 0)
    high = field.high if field.high is not None else max(FREE_RANGE, low)
    return low, high


def _text(field: FieldInfo, chance: random.Random) -> str:
    longest = FREE_TEXT_CHARS if field.high is None else int(field.high)
    shortest = min(int(field.low or 0), longest)
    length = chance.randint(shortest, max(shortest, min(longest, FREE_TEXT_CHARS)))
    return "".join(chance.choices(ALPHABET, k=length))


def _visible(sight: Sight) -> int:
    crowded = [cell for cell in sight.mirror.cells.values() if cell]
    return sight.chance.choice(list(sight.chance.choice(crowded))) if crowded else sight.avatar
