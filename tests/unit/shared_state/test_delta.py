"""Deltas: what the script completes from a record can be read; nothing else can."""

from __future__ import annotations

import pytest

from shared_state.delta import Added, Delta, EventOut, Record, Write, decode_delta, encode_delta, encode_record
from shared_state.errors import UndecodableDelta

RECORD = Record(
    b"tagtagta",
    "s1",
    2**53 - 1,
    b"cause",
    [Write(2**53 - 1, b"\x00blob"), Write(3, None)],
    [EventOut("hit", 5, "", [1.5])],
)


def test_a_delta_round_trips() -> None:
    """Every field comes back, numbers at the limit included."""
    delta = Delta("epoch-1", 2**53 - 1, bytes(8), b"stamp678", [RECORD])
    assert decode_delta(encode_delta(delta)) == delta


def test_a_record_waits_for_its_last_field() -> None:
    """A record's bytes and the script's array of additions make a whole record, in both array encodings."""
    for added in (b"\x91", b"\xdd\x00\x00\x00\x01"):
        whole = encode_record(RECORD) + added + b"\x93\x07\xc4\x01t\xc4\x01b"
        delta = decode_delta(b"\x95\xa1e\x01\xc4\x00\xc4\x00\x91" + whole)
        assert delta.records[0].added == [Added(7, b"t", b"b")]
        assert delta.records[0].writes == RECORD.writes


DEEP_BODY = (
    b"\x95\xa1e\x01\xc4\x00\xc4\x00\x91\x97\xc4\x00\xa0\x00\xc4\x00\x90\x91\x94\xa1n\x00\xa0" + b"\x91" * 100_000
)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\x90",
        encode_delta(Delta("e", 1, b"", b"", [RECORD]))[:-1],
        encode_delta(Delta("e", 1, b"", b"", [RECORD])) + b"\x00",
        b"\xdd\xff\xff\xff\xff",
        b"\x95\xa1e\xa1v\xc4\x00\xc4\x00\x90",
        b"\x95\xa2\xff\xfe\x01\xc4\x00\xc4\x00\x90",
        DEEP_BODY,
    ],
    ids=["empty", "unused code", "short", "cut", "longer", "huge", "wrong type", "bad utf-8", "deep"],
)
def test_hostile_bytes_are_undecodable(payload: bytes) -> None:
    """Broken, huge or deeply nested bytes raise the one documented error."""
    with pytest.raises(UndecodableDelta):
        decode_delta(payload)
