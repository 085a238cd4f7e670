"""How inputs are broken: bytes, and data before it is encoded. Pure; chance is an argument."""

from __future__ import annotations

import math
import random
from typing import Any

EDGES = (
    0,
    1,
    -1,
    0.5,
    -0.0,
    1e308,
    5e-324,
    math.nan,
    math.inf,
    -math.inf,
    2**31,
    2**53 - 1,
    2**53,
    2**63,
    2**64 - 1,
    -(2**63),
)
TEXTS = (
    "", "\x00", "a\n\rb", "x" * 300, "é🦜", "\u202e\u200b", "__proto__", "constructor", "<img src=x onerror=alert(1)>",
    "a:b{c}*", "'; --", "../../etc/passwd", "%00", "NaN", "1", "true", "\ufffe",
)  # fmt: skip
MOST_CHANGES = 4
LONGEST_BYTES = 20_000


def broken(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """Bytes with a few changes: flipped, cut, doubled, replaced, or with a piece of another input inside."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        at, end = _span(changed, chance)
        match chance.randrange(7):
            case 0 if changed:
                changed[min(at, len(changed) - 1)] ^= 1 << chance.randrange(8)
            case 1:
                changed[at:end] = b""
            case 2:
                changed[at:at] = changed[at:end] * chance.choice((1, 2, 50))
            case 3:
                changed[at:end] = chance.randbytes(end - at)
            case 4:
                changed[at:at] = bytes([chance.choice((0, 0x0A, 0x0D, 0x20, 0x22, 0x7F, 0x80, 0xC1, 0xFF))])
            case 5:
                other = chance.choice(others)
                start, stop = _span(other, chance)
                changed[at:end] = other[start:stop]
            case _:
                del changed[at:]
    return bytes(changed[:LONGEST_BYTES])


def _span(data: bytes | bytearray, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + int(chance.expovariate(1 / 8)))


def warped(value: Any, chance: random.Random) -> Any:
    """Plain data with something else at one place: another value, a missing or an added part."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.2:
        return anything(chance)
    if isinstance(value, list):
        place = chance.randrange(len(value))
        return [*value[:place], warped(value[place], chance), *value[place + 1 :]][: chance.choice((place, 1000))]
    name = chance.choice(list(value))
    rest = {key: part for key, part in value.items() if key != name}
    match chance.randrange(5):
        case 0:
            return rest
        case 1:
            return {**value, anything_text(chance): anything(chance)}
        case 2:
            return {**rest, anything_text(chance): value[name]}
        case _:
            return {**rest, name: warped(value[name], chance)}


def anything(chance: random.Random) -> Any:
    """A value of any kind, likely an awkward one."""
    match chance.randrange(7):
        case 0 | 1:
            return chance.choice(EDGES)
        case 2:
            return anything_text(chance)
        case 3:
            return chance.choice((None, True, False, [], {}))
        case 4:
            return [anything(chance) for _ in range(chance.randint(0, 3))]
        case 5:
            return {anything_text(chance): anything(chance) for _ in range(chance.randint(0, 3))}
        case _:
            return _nested(chance.choice((3, 100, 2000)))


def anything_text(chance: random.Random) -> str:
    """A text, likely an awkward one."""
    return chance.choice(TEXTS)


def _nested(depth: int) -> Any:
    # Neither encoder of the tests can go as deep as an attacker; what lies deeper comes from ``broken``.
    value: Any = 0
    for level in range(min(depth, 200)):
        value = [value] if level % 2 else {"a": value}
    return value
