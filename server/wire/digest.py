"""Content digest of entities, computed alike by nodes, bots and browsers.

Numbers count as big-endian float64, so that 1 and 1.0 agree in every language; texts as length and UTF-8;
lists as their length and items. The digest of a set of entities is the sum of theirs modulo 2**32:
order does not matter, and it can be kept up to date by adding and subtracting.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_NUMBER = struct.Struct(">d").pack
_LENGTH = struct.Struct(">I").pack
MODULUS = 1 << 32


def entity_digest(entity_id: int, kind: int, values: Sequence[Any]) -> int:
    """CRC-32 of an entity: id, kind number and field values in schema order."""
    return zlib.crc32(b"".join([_NUMBER(entity_id), _NUMBER(kind), *map(_item, values)]))


def cell_digest(digests: Iterable[int]) -> int:
    """Digest of a set of entities, from theirs."""
    return sum(digests) % MODULUS


def _item(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, (int, float)):
        return _NUMBER(value + 0.0)  # -0.0 equals 0.0, so it must count the same
    if isinstance(value, str):
        data = value.encode()
        return _LENGTH(len(data)) + data
    if value is None:
        return b"n"
    if not isinstance(value, (list, tuple, dict)):
        return _item(msgspec.to_builtins(value))  # as clients get it: records, times, enumerations
    if isinstance(value, dict):
        value = [part for key in sorted(value) for part in (key, value[key])]
    return _LENGTH(len(value)) + b"".join(map(_item, value))
