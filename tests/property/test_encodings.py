"""Stored forms: what is written is read back the same, and hostile bytes raise the documented error and no other."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared_state.delta import Added, Delta, EventOut, Record, Write, decode_delta, encode_delta
from shared_state.errors import SchemaError, UndecodableDelta
from shared_state.schema import MAX_WHOLE, Counter, Kind, Schema
from shared_state.session_row import unpack_row
from tests.unit.shared_state.small_world import SCHEMA, Boat, Note

exact_floats = st.floats(-MAX_WHOLE, MAX_WHOLE)
whole = st.integers(-MAX_WHOLE, MAX_WHOLE)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    float: st.one_of(exact_floats, whole),
    int: whole,
    str: st.text(),
    bool: st.booleans(),
    float | None: st.one_of(st.none(), exact_floats),
    list[int]: st.lists(whole, max_size=4),
    dict[str, float]: st.dictionaries(st.text(), exact_floats, max_size=4),
    Note: st.builds(Note, st.text()),
}


@st.composite
def values_of_random_kinds(draw: st.DrawFn) -> tuple[Schema, Kind, list[str]]:
    """A schema of one random kind behind another, a value of it, and the names of its counters."""
    counters = draw(st.integers(0, 20))
    types = draw(st.lists(st.sampled_from(list(VALUES)), min_size=0 if counters else 1, max_size=20))
    names = [f"c{i}" for i in range(counters)]
    fields = [(name, Counter) for name in names] + [(f"f{i}", type_) for i, type_ in enumerate(types)]
    kind = msgspec.defstruct("Random", fields, bases=(Kind,), frozen=True)
    parts = [draw(VALUES[float]) for _ in names] + [draw(VALUES[type_]) for type_ in types]
    return Schema([Note, kind]), kind(*parts), names


@given(values_of_random_kinds())
def test_any_value_round_trips_with_its_counters_in_place(case: tuple[Schema, Kind, list[str]]) -> None:
    """Decoding gives the value; each counter is the double at its offset."""
    schema, value, counters = case
    settled, blob = schema.settled(value)
    assert schema.decode(blob) == value == settled
    assert schema.encode(settled) == blob
    for name in counters:
        (stored,) = struct.unpack_from(">d", blob, schema.counter_offset(type(value), name))
        assert stored == getattr(value, name)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)


@given(st.lists(anything, min_size=4, max_size=4))
def test_what_is_no_value_is_refused_and_nothing_else_happens(parts: list[Any]) -> None:
    """Any four things are either a boat that every node reads alike, or a SchemaError."""
    with suppress(SchemaError):
        settled, blob = SCHEMA.settled(Boat(*parts))
        assert SCHEMA.decode(blob) == settled
        assert isinstance(settled, Boat)
        assert all(abs(number) <= MAX_WHOLE for number in (settled.gold, settled.x, settled.y))


bytes8 = st.binary(min_size=8, max_size=8)
numbers = st.integers(0, MAX_WHOLE)
records = st.builds(
    Record,
    bytes8,
    st.text(),
    numbers,
    st.binary(),
    st.lists(st.builds(Write, numbers, st.one_of(st.none(), st.binary())), max_size=3),
    st.lists(st.builds(EventOut, st.text(), numbers, st.text(), st.one_of(st.none(), st.text(), whole)), max_size=3),
    st.lists(st.builds(Added, numbers, bytes8, st.binary()), max_size=3),
)
deltas = st.builds(Delta, st.text(), numbers, bytes8, bytes8, st.lists(records, max_size=3))


@given(deltas)
def test_any_delta_round_trips(delta: Delta) -> None:
    """Decoding gives what was encoded."""
    assert decode_delta(encode_delta(delta)) == delta


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Random bytes, broken real ones, and MessagePack of the wrong shape."""
    real = draw(
        st.one_of(deltas.map(encode_delta), st.binary(), anything_packed, st.just(SCHEMA.encode(Boat(1, 2, 3))))
    )
    cut, at, byte = draw(st.integers(0, 4)), draw(st.integers(0, 200)), draw(st.integers(0, 255))
    mutable = bytearray(real[: len(real) - cut])
    if at < len(mutable):
        mutable[at] = byte
    return bytes(mutable) * draw(st.sampled_from([1, 1, 1, 2, 5000]))


def _packed(value: Any) -> bytes:
    with suppress(OverflowError):
        return msgspec.msgpack.encode(value)
    return b""


anything_packed = anything.map(_packed)


@given(hostile())
def test_hostile_bytes_raise_the_documented_errors_only(data: bytes) -> None:
    """Deltas, stored entities and session rows: the decoder's own error, or a value."""
    with suppress(UndecodableDelta):
        assert isinstance(decode_delta(data), Delta)
    with suppress(UndecodableDelta):
        assert isinstance(SCHEMA.decode(data), Kind)
    with suppress(ValueError):
        assert unpack_row(data)
