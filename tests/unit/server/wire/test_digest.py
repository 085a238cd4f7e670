"""Content digests: known values that every implementation must give, and what they must not depend on."""

from __future__ import annotations

import datetime
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire.digest import MODULUS, cell_digest, entity_digest
from server.wire.messages import FieldInfo
from tests.unit.server.wire import golden
from tests.unit.server.wire.samples import COUNTS, VALUES

KNOWN = json.loads(golden.PATH.read_text())["digests"]


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: str(case["digest"]))
def test_known_entities_have_known_digests(case: dict[str, Any]) -> None:
    """The digests in the golden file, which other implementations check too, are what this one computes."""
    assert entity_digest(case["id"], case["kind"], case["values"]) == case["digest"]


def test_the_digest_is_made_of_the_bytes_that_the_protocol_says() -> None:
    """Id and kind as float64, numbers too, texts with their length, true as t, lists with theirs, nothing as n."""
    head = struct.pack(">dd", 7, 1)
    body = struct.pack(">d", 2.5) + struct.pack(">I", 2) + "é".encode() + b"t" + struct.pack(">I", 1) + b"n"
    assert entity_digest(7, 1, [2.5, "é", True, [None]]) == zlib.crc32(head + body)


def test_whole_numbers_count_as_floats() -> None:
    """1 and 1.0 agree, as languages with one kind of number need; true and 1 do not."""
    assert entity_digest(1, 0, [1, [2]]) == entity_digest(1, 0, [1.0, [2.0]])
    assert entity_digest(1, 0, [True]) != entity_digest(1, 0, [1])


def test_texts_count_as_utf8_with_their_length() -> None:
    """Neighbouring texts cannot trade characters unnoticed."""
    assert entity_digest(1, 0, ["ab", "c"]) != entity_digest(1, 0, ["a", "bc"])
    assert entity_digest(1, 0, [["a"], "b"]) != entity_digest(1, 0, [["a", "b"]])


@settings(deadline=None, max_examples=40)
@given(entities=st.lists(st.tuples(COUNTS, st.integers(0, 5), VALUES), max_size=5), data=st.data())
def test_a_cells_digest_does_not_depend_on_order(
    entities: list[tuple[int, int, list[Any]]], data: st.DataObject
) -> None:
    """Entities in any order have the same digest, and it can be kept up to date by adding and subtracting."""
    digests = [entity_digest(*entity) for entity in entities]
    shuffled = data.draw(st.permutations(digests))
    assert cell_digest(shuffled) == cell_digest(digests) < MODULUS
    if digests:
        assert (cell_digest(digests) - digests[0]) % MODULUS == cell_digest(digests[1:])


def test_records_and_times_count_as_clients_get_them() -> None:
    """What travels as a list, a map or a text has that one's digest."""
    inner = FieldInfo("x", "int", 1.0)
    when = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert entity_digest(1, 0, [inner, when]) == entity_digest(1, 0, [["x", "int", 1.0, None], "2026-01-01T00:00:00Z"])
