"""Schemas: what a kind may be, what a value may hold, and where its counters are."""

from __future__ import annotations

import datetime
import math
import struct
from enum import Enum
from typing import Any, cast

import msgspec
import pytest

from shared_state.cell import NOWHERE, cell_at
from shared_state.errors import SchemaError, UndecodableDelta
from shared_state.schema import Counter, Kind, Schema, encode_body
from tests.unit.shared_state.small_world import SCHEMA, Boat, Buoy, Note

HUGE = 2**53


class Colour(Enum):
    """Neither a number nor a container."""

    RED = "red"


class Mixed(Kind, frozen=True):
    """Fields whose numbers are hidden in containers."""

    many: list[float] = []
    named: dict[str, int] = {}
    maybe: float | None = None
    inner: Note | None = None
    colour: Colour = Colour.RED
    when: datetime.datetime | None = None
    free: Any = None


MIXED = Schema([Mixed, Note])


def wide(fields: int, counters: int) -> type[Kind]:
    """A kind of many fields, the first of them counters."""
    types = [(f"c{i}", Counter) for i in range(counters)] + [(f"f{i}", str) for i in range(fields - counters)]
    return cast(type[Kind], msgspec.defstruct("Wide", types, bases=(Kind,), frozen=True, array_like=True))


@pytest.mark.parametrize("fields", [1, 2, 14, 15, 16, 17, 40, 64])
@pytest.mark.parametrize("whole", [False, True])
def test_counters_are_where_the_schema_says(fields: int, whole: bool) -> None:
    """The eight bytes at each counter's offset are its value, in short and long arrays, given as whole numbers too."""
    counters = max(1, fields - 1)
    kind = wide(fields, counters)
    schema = Schema([Note, kind])
    numbers = [float(i) for i in range(counters)]
    value = kind(*(map(int, numbers) if whole else numbers), *["text"] * (fields - counters))
    blob = schema.encode(value)
    for i in range(counters):
        assert struct.unpack_from(">d", blob, schema.counter_offset(kind, f"c{i}")) == (numbers[i],)


def test_a_whole_number_in_a_float_field_is_settled_as_a_float() -> None:
    """The writer sees the value that every other node will decode."""
    settled, blob = SCHEMA.settled(Boat(3, 1, 2))
    assert isinstance(settled, Boat)
    assert isinstance(settled.gold, float)
    assert isinstance(settled.x, float)
    assert SCHEMA.decode(blob) == settled


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, HUGE, -HUGE, 1e308, 2**64, 10**400])
def test_numbers_outside_the_exact_range_are_refused(bad: float) -> None:
    """NaN, infinity and numbers from 2**53 on are refused in every kind of field."""
    for value in (
        Boat(bad, 0, 0),
        Boat(0, bad, 0),
        Boat(0, 0, bad),
        Mixed(many=[1.0, bad]),
        Mixed(named={"a": bad}),  # type: ignore[dict-item]
        Mixed(maybe=bad),
        Mixed(free={"deep": [[bad]]}),
        Mixed(free={bad: 1}),
    ):
        with pytest.raises(SchemaError):
            (SCHEMA if isinstance(value, Boat) else MIXED).encode(value)


@pytest.mark.parametrize("good", [HUGE - 1, 1 - HUGE, 0, -0.0, 5e-324, 3.99])
def test_numbers_within_the_exact_range_pass(good: float) -> None:
    """The largest exact whole numbers, zero of both signs and the smallest fraction come back unchanged."""
    back = SCHEMA.decode(SCHEMA.encode(Boat(good, 0, 0)))
    assert isinstance(back, Boat)
    assert struct.pack(">d", back.gold) == struct.pack(">d", good)


@pytest.mark.parametrize(
    "value",
    [
        Boat("1", 0, 0),  # type: ignore[arg-type]
        Boat(None, 0, 0),  # type: ignore[arg-type]
        Boat(True, 0, 0),
        Boat([], 0, 0),  # type: ignore[arg-type]
        Boat(0, 0, 0, name=7),  # type: ignore[arg-type]
        Boat(0, 0, 0, name="\ud800"),
        Boat(0, 0, 0, name=object()),  # type: ignore[arg-type]
        Boat(0, 330_000_000.0, 330_000_000.0 * 2),
    ],
    ids=["text", "none", "bool", "list", "number as text", "surrogate", "object", "outside the grid"],
)
def test_values_of_wrong_types_are_refused(value: Boat) -> None:
    """What another node could not decode, or no client could show, is refused with the kind's name."""
    with pytest.raises(SchemaError, match="Boat"):
        SCHEMA.encode(value)


def test_endless_values_are_refused() -> None:
    """A value that contains itself is a SchemaError, not a crash."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(SchemaError):
        MIXED.encode(Mixed(free=endless))


def test_fields_that_are_no_numbers_pass() -> None:
    """Enumerations, times, nested records and empty containers round trip."""
    value = Mixed([], {}, None, Note("x"), Colour.RED, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), [])
    assert MIXED.decode(MIXED.encode(value)) == value


class Late(Kind, frozen=True):
    """A counter behind another field."""

    name: str
    gold: Counter


class Drifter(Kind, frozen=True):
    """A counter as a position."""

    x: Counter
    y: float


class Mapped(Kind, frozen=True, array_like=False):
    """Stored as a map, where counters have no place."""

    gold: Counter


class Tagged(Kind, frozen=True, tag=True):
    """Stored with a tag before the counters."""

    gold: Counter


class Empty(Kind, frozen=True):
    """Without fields."""


class Blob(Kind, frozen=True):
    """Bytes, which the JSON encoding cannot carry as such."""

    parts: list[bytes]


def renamed_note() -> type[Kind]:
    """Another kind of the same name."""
    return cast(type[Kind], msgspec.defstruct("Note", [("other", int)], bases=(Kind,), frozen=True))


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        [Late],
        [Drifter],
        [Mapped],
        [Tagged],
        [Empty],
        [Blob],
        [wide(65, 0)],
        [Note, Note],
        [Note, renamed_note()],
        [dict],
        [Note("x")],
        [msgspec.defstruct(f"K{i}", [("a", int)], bases=(Kind,), frozen=True) for i in range(257)],
    ],
    ids=[
        "none", "late", "place", "map", "tag", "empty", "bytes",
        "wide", "twice", "same", "no kind", "a value", "too many",
    ],
)  # fmt: skip
def test_impossible_schemas_are_refused(kinds: list[Any]) -> None:
    """A schema whose counters could not be found, or whose kinds could be mistaken, cannot be made."""
    with pytest.raises(SchemaError):
        Schema(kinds)


@pytest.mark.parametrize("size", [0, -1, math.nan, math.inf])
def test_impossible_cell_sizes_are_refused(size: float) -> None:
    """The grid needs a positive, finite cell."""
    with pytest.raises(SchemaError):
        Schema([Note], size)


def test_a_value_of_no_kind_of_the_world_is_refused() -> None:
    """Kinds of another schema have no stored form here, nor counters."""
    with pytest.raises(SchemaError):
        SCHEMA.encode(Mixed())
    with pytest.raises(SchemaError):
        SCHEMA.counter_offset(Boat, "x")
    with pytest.raises(SchemaError):
        SCHEMA.counter_offset(Mixed, "many")


def test_only_kinds_with_numeric_coordinates_have_a_place() -> None:
    """Boats are in the cell of their point, notes nowhere."""
    assert SCHEMA.cell_of(Boat(0, 25, -1)) == cell_at(25, -1, 10)
    assert SCHEMA.cell_of(Note("x")) == NOWHERE


@pytest.mark.parametrize("point", [(math.nan, 0), (0, math.inf), (4e8, 0), (0, -4e8)])
def test_points_outside_the_grid_have_no_cell(point: tuple[float, float]) -> None:
    """A point that no cell holds is refused before it becomes a number no client can read."""
    with pytest.raises(SchemaError):
        SCHEMA.cell_at(*point)


def test_the_fingerprint_tells_schemas_apart() -> None:
    """Order, fields, counters and cell size count; the same definition gives the same fingerprint."""
    plain = msgspec.defstruct("Boat", [("gold", float), ("x", float), ("y", float), ("name", str)], bases=(Kind,))
    schemas = [
        Schema([Boat, Buoy, Note], 10),
        Schema([Buoy, Boat, Note], 10),
        Schema([Boat, Buoy], 10),
        Schema([Boat, Buoy, Note], 11),
        Schema([plain, Buoy, Note], 10),
    ]
    assert len({schema.fingerprint for schema in schemas}) == len(schemas)
    assert Schema([Boat, Buoy, Note], 10.0).fingerprint == SCHEMA.fingerprint


@pytest.mark.parametrize(
    "blob", [b"", b"\x00", b"\x03\x90", b"\xff\x90", b"\x02\x91\x01", b"\x02\x91\xa1", b"\x00\x93" + b"\x91" * 100_000]
)
def test_hostile_blobs_are_undecodable(blob: bytes) -> None:
    """Unknown kinds, wrong types and broken bytes raise the one documented error."""
    with pytest.raises(UndecodableDelta):
        SCHEMA.decode(blob)


def test_deep_blobs_are_undecodable() -> None:
    """A blob nested beyond the decoder's depth raises the documented error."""
    deep = b"\x00\x97\x90\x80\xc0\xc0\xa3red\xc0" + b"\x91" * 100_000
    with pytest.raises(UndecodableDelta):
        MIXED.decode(deep)


@pytest.mark.parametrize("body", [None, "text", [1, 2.5], {"a": {"b": [True]}}, {"when": 2**53 - 1}, Note("x")])
def test_event_bodies_keep_their_content(body: Any) -> None:
    """What every client can read is encoded as it is."""
    assert bytes(encode_body("hit", body)) == msgspec.msgpack.encode(body)


@pytest.mark.parametrize(
    "body", [math.nan, [math.inf], {"a": 2**53}, 2**64, object(), "\ud800", {"a": {1, object()}}, {None: 1}]
)
def test_event_bodies_that_a_client_could_not_read_are_refused(body: Any) -> None:
    """NaN, infinity, inexact numbers and values without a JSON or MessagePack form are refused."""
    with pytest.raises(SchemaError, match="hit"):
        encode_body("hit", body)
