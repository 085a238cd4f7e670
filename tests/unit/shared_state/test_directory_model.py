"""The directory's values, names and model, on their own."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state.directory_entry import (
    MAX_METADATA_BYTES,
    MAX_WHOLE,
    BadMetadata,
    Scalar,
    WorldFilter,
    WorldSpec,
    decode_metadata,
    encode_metadata,
)
from shared_state.directory_model import ModelDirectory
from shared_state.directory_names import (
    fresh_token,
    fresh_world_name,
    node_name,
    reservation_token,
    world_kind,
)
from shared_state.errors import BadName
from shared_state.memory_directory import MemoryDirectory
from shared_state.names import session_id, world_name
from tests.contract.deadline import within

BAY, ANN, QUAY = world_kind("bay"), node_name("ann"), world_name("quay")
TOKEN = reservation_token("0" * 32)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-MAX_WHOLE, MAX_WHOLE) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS


@given(st.dictionaries(TEXTS, SCALARS, max_size=5))
def test_metadata_comes_back_equal(metadata: dict[str, Scalar]) -> None:
    """Every value that is taken is given back, and stays true or false if it was (S09)."""
    decoded = decode_metadata(encode_metadata(metadata))
    assert decoded == metadata
    assert {name for name, value in decoded.items() if isinstance(value, bool)} == {
        name for name, value in metadata.items() if isinstance(value, bool)
    }


@given(SCALARS, SCALARS)
def test_equal_values_have_one_text(one: Scalar, other: Scalar) -> None:
    """Texts are equal exactly when values are, where true is not 1."""
    same = one == other and isinstance(one, bool) == isinstance(other, bool)
    assert (encode_metadata({"x": one}) == encode_metadata({"x": other})) == same


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.0, "0"), (1e300, "1e+300"), (3.99, "3.99"), (True, "true")]
)
def test_numbers_have_their_shortest_text(value: Scalar, text: str) -> None:
    """A whole float is a whole number; others are written so that they are read back exactly."""
    assert encode_metadata({"x": value}) == {"x": text}


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, MAX_WHOLE + 1, -MAX_WHOLE - 1, "\ud800", [], {}, [[[]]], b"x", 1j]
)
def test_values_that_some_reader_would_change_are_refused(value: object) -> None:
    """No infinity, no whole number that a browser rounds, no half characters, nothing nested."""
    with pytest.raises(BadMetadata):
        encode_metadata({"x": value})  # type: ignore[dict-item]
    with pytest.raises(BadMetadata):
        WorldSpec(BAY, 4, {"x": value})  # type: ignore[dict-item]


def test_metadata_has_a_bound() -> None:
    """In bytes as stored, names included."""
    encode_metadata({"x": "a" * (MAX_METADATA_BYTES - 3)})
    with pytest.raises(BadMetadata, match="1025 bytes"):
        encode_metadata({"x": "a" * (MAX_METADATA_BYTES - 2)})
    with pytest.raises(BadMetadata):
        encode_metadata({"é" * 600: None})
    with pytest.raises(BadMetadata):
        encode_metadata({"\udfff": None})


@pytest.mark.parametrize("seats", [0, -1, 1_000_001])
def test_a_world_has_a_sound_number_of_seats(seats: int) -> None:
    """At least one, and a bound."""
    with pytest.raises(ValueError, match="seats"):
        WorldSpec(BAY, seats)


@pytest.mark.parametrize("ttl_s", [0, -1, math.nan, math.inf])
def test_a_world_has_a_sound_empty_time(ttl_s: float) -> None:
    """It is above zero and ends."""
    with pytest.raises(ValueError, match="above zero"):
        WorldSpec(BAY, 4, empty_ttl_s=ttl_s)


@pytest.mark.parametrize("make", [world_kind, node_name, reservation_token])
@pytest.mark.parametrize("text", ["", "A", "a:b", "{a}", "a b", "a\n", "ä", "0" * 65, "0" * 32 + "\n"])
def test_names_with_key_syntax_are_refused(make: Callable[[str], str], text: str) -> None:
    """Nothing that could reach into another key or row passes."""
    with pytest.raises(BadName):
        make(text)


def test_fresh_names_are_readable_and_differ() -> None:
    """Two words and a suffix; tokens are what ``reservation_token`` takes."""
    rng = random.Random(1)
    names = {fresh_world_name(rng) for _ in range(10_000)}
    assert len(names) == 10_000
    assert all(world_name(name).count("-") == 2 for name in names)
    assert reservation_token(fresh_token(rng)) != fresh_token(rng)


@within(5)
async def test_a_fresh_name_that_is_taken_is_drawn_again() -> None:
    """Whoever draws the same names in the same order gets others all the same."""
    model = ModelDirectory(lambda: 0)
    clients = [MemoryDirectory(model, random.Random(7)) for _ in range(3)]
    for client in clients:
        await client.create(WorldSpec(BAY, 1))
    for client in [MemoryDirectory(model, random.Random(7)) for _ in range(3)]:
        assert (await client.join_or_create(WorldSpec(world_kind("reef"), 1), 10)).created
    assert len(model.worlds) == 6


def test_the_sum_of_holdings_is_what_is_used() -> None:
    """Through a reservation, a confirmation, an expiry, a removal and a namesake."""
    now_us = [1000]
    model = ModelDirectory(lambda: now_us[0])
    model.create(WorldSpec(BAY, 4), QUAY)
    model.reserve(QUAY, TOKEN, 3, 50)
    model.confirm(TOKEN, session_id("s"), ANN, 100)
    assert model.count_held() == {QUAY: 3}
    now_us[0] += 50
    entry = model.get(QUAY)
    assert entry is not None
    assert (entry.used, model.count_held()) == (1, {QUAY: 1})
    model.remove(QUAY)
    model.forget([QUAY])
    model.create(WorldSpec(BAY, 4), QUAY)
    assert model.count_held() == {}
    assert model.list_worlds(WorldFilter(with_free_seats=True), "", 9).entries[0].used == 0


def test_a_name_that_nobody_forgot_is_handed_out_again() -> None:
    """The keys of a world are deleted even if the first who was to do it died."""
    now_us = [1000]
    model = ModelDirectory(lambda: now_us[0])
    model.create(WorldSpec(BAY, 4), QUAY)
    model.remove(QUAY)
    assert model.sweep(100) == [QUAY]
    assert model.sweep(100) == []
    now_us[0] += 100
    assert model.sweep(100) == [QUAY]
    model.forget([QUAY])
    now_us[0] += 100
    assert model.sweep(100) == []
