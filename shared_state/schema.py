"""Kinds of entities and how they are stored.

How it works: a kind is a frozen record. Stored, an entity is one byte (its kind's number) and the record as a
MessagePack array. Counters are float fields that stand first, so each is nine bytes at a known place: the commit
script can add to them without knowing the schema. Every value is encoded, decoded and encoded again before it may be
written: what is in the store can be read by every node, and a whole number in a float field has its nine bytes.
Must not know: the store, time, other entities. Invariant: ``decode(encode(value)) == value``, all numbers finite.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints

import attrs
import msgspec

from shared_state.cell import MAX_INDEX, NOWHERE, CellId, cell_at
from shared_state.errors import SchemaError, UndecodableDelta

MAX_WHOLE = (1 << 53) - 1
MAX_KINDS = 256
COUNTER_BYTES = 9
_COUNTER = "oarlock counter"
_encode_body = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder().decode
_encode_json = msgspec.json.Encoder().encode

Counter: TypeAlias = Annotated[float, _COUNTER]
"""A number that transactions may change by ``add`` without conflict; declare counters before other fields."""


class Kind(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all kinds. A kind with numeric fields ``x`` and ``y`` has a place in the world's grid."""


@attrs.frozen
class KindSpec:
    """What the store and the wire need to know of one kind."""

    number: int
    head: bytes
    type: type[Kind]
    name: str
    fields: tuple[str, ...]
    hints: tuple[Any, ...]
    counters: tuple[str, ...]
    placed: bool
    decode: Callable[[bytes], Kind]
    plain_numbers: bool
    exact: bool
    """What is written is what was encoded: in no field can a whole number stand for a float."""
    numbers: Callable[[Kind], tuple[Any, ...]]


class Schema:
    """The kinds of one world, numbered in order.

    Args:
        kinds: the record classes, each a subclass of ``Kind``.
        cell_size: edge of a grid cell in world units.

    Raises:
        SchemaError: two kinds of one name, too many, a counter behind another field, or a counter as a position.
    """

    def __init__(self, kinds: Sequence[type[Kind]], cell_size: float = 100.0) -> None:
        if not 0 < cell_size < math.inf:
            raise SchemaError(f"cell_size is {cell_size}: it must be a positive number")
        if not 1 <= len(kinds) <= MAX_KINDS:
            raise SchemaError(f"a world has 1 to {MAX_KINDS} kinds, not {len(kinds)}")
        self.cell_size = cell_size
        self._edge = cell_size * MAX_INDEX
        self.specs = tuple(_describe(number, kind) for number, kind in enumerate(kinds))
        self._spec_of = {spec.type: spec for spec in self.specs}
        self._encode = msgspec.msgpack.Encoder().encode
        if len({spec.name for spec in self.specs}) != len(self.specs) or len(self._spec_of) != len(self.specs):
            raise SchemaError("two kinds have the same name")
        self.fingerprint = self._fingerprint()

    def spec_of(self, kind: type[Kind]) -> KindSpec:
        """The description of a kind. Raises: SchemaError, when it is not of this schema."""
        spec = self._spec_of.get(kind)
        if spec is None:
            raise SchemaError(f"{kind.__name__} is not a kind of this world")
        return spec

    def number_of(self, value: Kind) -> int:
        """The number of a value's kind."""
        return self._spec_of[type(value)].number

    def encode(self, value: Kind) -> bytes:
        """The stored form of a value. Raises: SchemaError, as ``settled``."""
        return self.settled(value)[1]

    def settled(self, value: Kind) -> tuple[Kind, bytes]:
        """The value as every reader will have it, and its stored form.

        Raises:
            SchemaError: a wrong type, NaN, infinity, |n| >= 2**53, or a position outside the grid.
        """
        spec = self.spec_of(type(value))
        try:
            encoded = self._encode(value)
            back = spec.decode(encoded)
        except (ValueError, TypeError, OverflowError, RecursionError, msgspec.EncodeError) as error:
            raise SchemaError(f"{spec.name}: {error}") from None
        numbers = spec.numbers(back) if spec.plain_numbers else _all_numbers(msgspec.structs.astuple(back))
        _check_numbers(spec.name, numbers)
        if spec.placed and max(abs(back.x), abs(back.y)) >= self._edge:  # type: ignore[attr-defined]
            raise SchemaError(f"{spec.name}: the position is outside the grid")
        return back, spec.head + (encoded if spec.exact else self._encode(back))

    def decode(self, blob: bytes) -> Kind:
        """The value of a stored form. Raises: UndecodableDelta."""
        try:
            return self.specs[blob[0]].decode(blob[1:])
        except (IndexError, ValueError, RecursionError) as error:
            raise UndecodableDelta(f"not of this game's kinds: {error}") from None

    def counter_offset(self, kind: type[Kind], field: str) -> int:
        """Where a counter's eight bytes start in the stored form. Raises: SchemaError, when it is not a counter."""
        spec = self.spec_of(kind)
        if field not in spec.counters:
            raise SchemaError(f"{spec.name}.{field} is not a counter")
        head = 1 if len(spec.fields) < 16 else 3
        return 1 + head + COUNTER_BYTES * spec.counters.index(field) + 1

    def cell_of(self, value: Kind) -> CellId:
        """The grid cell of a value; ``NOWHERE`` for kinds without a position."""
        if self._spec_of[type(value)].placed:
            return cell_at(value.x, value.y, self.cell_size)  # type: ignore[attr-defined]
        return NOWHERE

    def cell_at(self, x: float, y: float) -> CellId:
        """The grid cell of a point. Raises: SchemaError, when it is outside the grid."""
        if not (abs(x) < self._edge and abs(y) < self._edge):
            raise SchemaError(f"the point {x}, {y} is outside the grid")
        return cell_at(x, y, self.cell_size)

    def _fingerprint(self) -> str:
        text = repr([self.cell_size, [(s.name, s.fields, [str(h) for h in s.hints], s.counters) for s in self.specs]])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def encode_body(what: str, body: Any) -> msgspec.Raw:
    """Free data, such as an event's, encoded. Raises: SchemaError, when a client of some format could not read it."""
    try:
        encoded = _encode_body(body)
        back = _decode_body(encoded)
        _encode_json(back)
        numbers = _all_numbers(back)
    except (ValueError, TypeError, OverflowError, RecursionError, msgspec.EncodeError) as error:
        raise SchemaError(f"{what}: {error}") from None
    _check_numbers(what, numbers)
    return msgspec.Raw(encoded)


def _describe(number: int, kind: type[Kind]) -> KindSpec:
    if not (isinstance(kind, type) and issubclass(kind, Kind)):
        raise SchemaError(f"{kind!r} is not a subclass of Kind")
    if not kind.__struct_config__.array_like or kind.__struct_config__.tag is not None:
        raise SchemaError(f"{kind.__name__}: a kind is stored as an untagged array")
    hints = get_type_hints(kind, include_extras=True)
    fields = kind.__struct_fields__
    counters = tuple(name for name in fields if _is_counter(hints[name]))
    if fields[: len(counters)] != counters:
        raise SchemaError(f"{kind.__name__}: counters must be declared before all other fields")
    if not fields or len(fields) > 64:
        raise SchemaError(f"{kind.__name__}: a kind has 1 to 64 fields")
    bare = {name: _bare(hints[name]) for name in fields}
    for name in fields:
        if _mentions_bytes(hints[name]):
            raise SchemaError(f"{kind.__name__}.{name}: bytes have no form that all clients share; use a text")
    numeric = tuple(name for name in fields if bare[name] in (int, float))
    placed = "x" in numeric and "y" in numeric
    if placed and {"x", "y"} & set(counters):
        raise SchemaError(f"{kind.__name__}: a position cannot be a counter, or it would change cells unseen")
    return KindSpec(
        number=number,
        head=bytes((number,)),
        type=kind,
        name=kind.__name__,
        fields=fields,
        hints=tuple(hints[name] for name in fields),
        counters=counters,
        placed=placed,
        decode=msgspec.msgpack.Decoder(kind).decode,
        plain_numbers=all(bare[name] in (int, float, str, bool) for name in fields),
        exact=all(bare[name] in (int, str, bool) for name in fields),
        numbers=_getter(numeric),
    )


def _is_counter(hint: Any) -> bool:
    return get_origin(hint) is Annotated and _COUNTER in get_args(hint)[1:]


def _mentions_bytes(hint: Any) -> bool:
    return hint in (bytes, bytearray, memoryview) or any(map(_mentions_bytes, get_args(hint)))


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _getter(names: tuple[str, ...]) -> Callable[[Kind], tuple[Any, ...]]:
    """``attrgetter`` that gives a tuple also for none and one name."""
    if len(names) > 1:
        return attrgetter(*names)
    if names:
        only = attrgetter(names[0])
        return lambda value: (only(value),)
    return lambda value: ()


def _all_numbers(value: Any) -> list[float]:
    """All numbers in nested values; booleans are none."""
    if isinstance(value, (int, float)):
        return [] if isinstance(value, bool) else [value]
    if isinstance(value, dict):
        value = [part for pair in value.items() for part in pair]
    elif isinstance(value, msgspec.Struct):
        value = msgspec.structs.astuple(value)
    elif not isinstance(value, (list, tuple, set, frozenset)):
        return []
    return [number for part in value for number in _all_numbers(part)]


def _check_numbers(what: str, numbers: Iterable[float]) -> None:
    for number in numbers:
        if not -MAX_WHOLE <= number <= MAX_WHOLE:
            raise SchemaError(f"{what}: {number} is not a finite number below 2**53")
