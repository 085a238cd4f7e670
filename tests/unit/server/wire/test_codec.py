"""The two encodings: round trips, joined rows, tolerance of what a newer peer adds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire import messages as wire
from server.wire.codec import CODECS, JSON, MSGPACK, Codec
from tests.unit.server.wire.samples import CHANGES, CONTENTS, COUNTS, EVENT_ROWS, TO_CLIENT, plain, to_server

BOTH = pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])
SIZES = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537]


@BOTH
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_clients_message_comes_back_as_it_was(codec: Codec, data: st.DataObject) -> None:
    """What a client encodes, a node decodes to the same message."""
    message = data.draw(to_server(codec))
    back = codec.decode_to_server(codec.encode(message))
    assert type(back) is type(message)
    assert plain(codec, back) == plain(codec, message)


@BOTH
@given(message=TO_CLIENT)
@settings(deadline=None, max_examples=60)
def test_a_nodes_message_comes_back_as_it_was(codec: Codec, message: wire.ToClient) -> None:
    """What a node encodes, a client decodes to the same message."""
    assert codec.decode_to_client(codec.encode(message)) == message


@given(message=TO_CLIENT)
@settings(deadline=None, max_examples=50)
def test_both_encodings_carry_the_same_message(message: wire.ToClient) -> None:
    """A message read from JSON is the message read from MessagePack."""
    from_json = JSON.decode_to_client(JSON.encode(message))
    assert from_json == MSGPACK.decode_to_client(MSGPACK.encode(message))


@BOTH
@given(version=COUNTS, rows=st.lists(CHANGES, max_size=18))
@settings(deadline=None, max_examples=25)
def test_joined_deltas_are_encoded_deltas(codec: Codec, version: int, rows: list[wire.CellChange]) -> None:
    """A delta joined from rows has the bytes of the message encoded whole."""
    assert codec.join_delta(version, [*map(codec.encode_value, rows)]) == codec.encode(wire.Delta(version, rows))


@BOTH
@given(version=COUNTS, rows=st.lists(CONTENTS, max_size=18), left=st.lists(COUNTS, max_size=18))
@settings(deadline=None, max_examples=25)
def test_joined_cells_are_encoded_cells(
    codec: Codec, version: int, rows: list[wire.CellContent], left: list[int]
) -> None:
    """Cells joined from rows have the bytes of the message encoded whole."""
    joined = codec.join_cells(version, [*map(codec.encode_value, rows)], left)
    assert joined == codec.encode(wire.Cells(version, rows, left))


@BOTH
@given(version=COUNTS, rows=st.lists(EVENT_ROWS, max_size=18))
@settings(deadline=None, max_examples=25)
def test_joined_events_are_encoded_events(codec: Codec, version: int, rows: list[wire.EventRow]) -> None:
    """Events joined from rows have the bytes of the message encoded whole."""
    assert codec.join_events(version, [*map(codec.encode_value, rows)]) == codec.encode(wire.Events(version, rows))


@BOTH
@pytest.mark.parametrize("size", SIZES)
def test_joining_holds_at_every_size_of_array(codec: Codec, size: int) -> None:
    """Where MessagePack changes its array header, joined and encoded messages still have the same bytes."""
    event, change, content = wire.EventRow("e", 0, None), wire.CellChange(1, [], [], [], []), wire.CellContent(1, [])
    left = list(range(size))
    events = codec.join_events(7, [codec.encode_value(event)] * size)
    assert events == codec.encode(wire.Events(7, [event] * size))
    assert codec.join_delta(7, [codec.encode_value(change)] * size) == codec.encode(wire.Delta(7, [change] * size))
    cells = codec.join_cells(7, [codec.encode_value(content)] * size, left)
    assert cells == codec.encode(wire.Cells(7, [content] * size, left))


@BOTH
def test_fields_that_are_not_known_are_ignored(codec: Codec) -> None:
    """A message of a newer peer, with more fields, is read; absent optional fields take their default."""
    extended: dict[str, Any] = {"type": "join", "name": "Ann", "mood": {"sea": ["calm"]}, "resume": None}
    assert codec.decode_to_server(codec.encode_value(extended)) == wire.Join(name="Ann")
    later = {"type": "reset", "epoch": "e", "version": 3, "reason": "slow", "since": 1.5}
    assert codec.decode_to_client(codec.encode_value(later)) == wire.Reset("e", 3, "slow")
    row = [3, 4, "gone", "too late", {"more": 1}]
    assert codec.decode_to_client(codec.encode_value({"type": "done", "acks": [row]})) == wire.Done(
        [wire.Ack(3, 4, "gone", "too late")]
    )


def test_every_encoding_is_found_by_its_subprotocol() -> None:
    """The table of codecs is what a handshake chooses from, the smaller encoding first."""
    assert list(CODECS) == [wire.SUBPROTOCOL_MSGPACK, wire.SUBPROTOCOL_JSON]
    assert [codec.is_text for codec in CODECS.values()] == [False, True]
    assert all(codec.subprotocol == name for name, codec in CODECS.items())


def test_an_entitys_record_is_encoded_as_its_list_of_values() -> None:
    """A row made from a record has the bytes of a row made from the values, as clients read it."""

    class Buoy(msgspec.Struct, array_like=True):
        x: float
        name: str

    for codec in (JSON, MSGPACK):
        record = codec.encode_value(wire.EntityRow(5, 1, Buoy(1.5, "b")))
        assert record == codec.encode_value(wire.EntityRow(5, 1, [1.5, "b"]))
