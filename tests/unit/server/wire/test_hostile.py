"""Bytes that no right client sends: each is refused with a ``ProtocolError``, none raises anything else (S29)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wire.codec import JSON, MSGPACK, Codec
from server.wire.errors import ProtocolError
from server.wire.messages import Ping
from tests.unit.server.wire import golden

BOTH = pytest.mark.parametrize("codec", [MSGPACK, JSON], ids=["msgpack", "json"])

HOSTILE_JSON = {
    "nothing": b"",
    "no JSON": b"\x00\x01",
    "NaN": b'{"type":"ping","clock_ms":NaN}',
    "infinity": b'{"type":"ping","clock_ms":Infinity}',
    "minus infinity": b'{"type":"view","radius":-Infinity}',
    "1e999": b'{"type":"ping","clock_ms":1e999}',
    "deep lists": b"[" * 100_000,
    "deep maps": b'{"type":' * 100_000,
    "deep arguments": b'{"type":"do","seq":1,"command":"row","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "5000 digits": b'{"type":"do","command":"row","seq":' + b"9" * 5000 + b"}",
    "half a surrogate": rb'{"type":"join","name":"\ud800 "}',
    "a surrogate alone": rb'{"type":"join","name":"\udc00!"}',
    "surrogates of no pair": rb'{"type":"join","name":"\ud800\u0041"}',
    "two types": b'{"type":"do","type":"ping","seq":1,"command":"row"}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"17",
    "a text": b'"join"',
    "true": b"true",
    "no type": b'{"seq":1}',
    "type is a number": b'{"type":5}',
    "type is null": b'{"type":null}',
    "unknown type": b'{"type":"zork"}',
    "a node's type": b'{"type":"welcome"}',
    "number as text": b'{"type":"view","radius":"1"}',
    "number as bool": b'{"type":"view","radius":true}',
    "number as null": b'{"type":"view","radius":null}',
    "number as list": b'{"type":"view","radius":[]}',
    "broken UTF-8": b'{"type":"join","name":"\xff\xfe"}',
    "two values": b'{"type":"leave"}{"type":"leave"}',
    "byte order mark": b'\xef\xbb\xbf{"type":"leave"}',
}
TYPE = b"\xa4type"
HOSTILE_MSGPACK = {
    "nothing": b"",
    "JSON": b'{"type":"leave"}',
    "never used byte": b"\xc1",
    "deep lists": b"\x91" * 100_000,
    "deep arguments": b"\x84" + TYPE + b"\xa2do\xa3seq\x01\xa7command\xa1x\xa4args" + b"\x91" * 100_000 + b"\x01",
    "4 G items": b"\x82" + TYPE + b"\xa4join\xa6resume\x83\xa7session\xa0\xa6secret\xa0\xa7pending\xdd" + b"\xff" * 4,
    "4 G characters": b"\x82" + TYPE + b"\xa4join\xa4name\xdb" + b"\xff" * 4,
    "4 G pairs": b"\xdf" + b"\xff" * 4 + TYPE,
    "a list": b"\x90",
    "nil": b"\xc0",
    "a number": b"\x05",
    "a binary": b"\xc4\x01x",
    "an extension": b"\xc7\x01\x05x",
    "no type": b"\x81\xa3seq\x01",
    "type is a number": b"\x81" + TYPE + b"\x05",
    "unknown type": b"\x81" + TYPE + b"\xa4zork",
    "number as text": b"\x82" + TYPE + b"\xa4view\xa6radius\xa11",
    "number as bool": b"\x82" + TYPE + b"\xa4view\xa6radius\xc3",
    "seq is NaN": b"\x83" + TYPE + b"\xa2do\xa7command\xa1x\xa3seq\xcb\x7f\xf8" + b"\x00" * 6,
    "seq is 1.5": b"\x83" + TYPE + b"\xa2do\xa7command\xa1x\xa3seq\xcb\x3f\xf8" + b"\x00" * 6,
    "broken UTF-8": b"\x82" + TYPE + b"\xa4join\xa4name\xa2\xff\xfe",
    "encoded surrogate": b"\x82" + TYPE + b"\xa4join\xa4name\xa3\xed\xa0\x80",
    "two values": b"\x81" + TYPE + b"\xa5leave" * 2,
}


UNKNOWN_TYPES = {HOSTILE_JSON["unknown type"], HOSTILE_JSON["a node's type"], HOSTILE_MSGPACK["unknown type"]}


def code_of(payload: bytes) -> str:
    """What a hostile payload is called."""
    return "unknown_type" if payload in UNKNOWN_TYPES else "malformed"


@pytest.mark.parametrize("payload", HOSTILE_JSON.values(), ids=HOSTILE_JSON.keys())
def test_hostile_json_is_refused(payload: bytes) -> None:
    """Each is a protocol error with a short text, and no other error."""
    with pytest.raises(ProtocolError) as caught:
        JSON.decode_to_server(payload)
    assert caught.value.code == code_of(payload)
    assert 0 < len(caught.value.text) <= 200


@pytest.mark.parametrize("payload", HOSTILE_MSGPACK.values(), ids=HOSTILE_MSGPACK.keys())
def test_hostile_msgpack_is_refused(payload: bytes) -> None:
    """Each is a protocol error with a short text, and no other error."""
    with pytest.raises(ProtocolError) as caught:
        MSGPACK.decode_to_server(payload)
    assert caught.value.code == code_of(payload)
    assert 0 < len(caught.value.text) <= 200


def test_a_key_given_twice_counts_once() -> None:
    """Of two fields of one name the last counts, on every node alike."""
    assert JSON.decode_to_server(b'{"type":"ping","clock_ms":1,"clock_ms":2}') == Ping(2.0)


@BOTH
def test_a_message_cut_short_is_refused(codec: Codec) -> None:
    """No true part of a message, from either side, is taken for a message."""
    for payload in map(codec.encode, golden.to_server(codec).values()):
        for cut in range(len(payload)):
            with pytest.raises(ProtocolError):
                codec.decode_to_server(payload[:cut])
    for payload in map(codec.encode, golden.to_client().values()):
        for cut in range(len(payload)):
            with pytest.raises(ProtocolError):
                codec.decode_to_client(payload[:cut])


@BOTH
@given(payload=st.binary(max_size=64))
@settings(deadline=None, max_examples=100)
def test_noise_raises_nothing_else(codec: Codec, payload: bytes) -> None:
    """Random bytes are a message or a protocol error, in both directions."""
    for decode in (codec.decode_to_server, codec.decode_to_client):
        assert _survives(decode, payload)


@BOTH
@pytest.mark.parametrize("wrong", [0x00, 0x22, 0x7F, 0x93, 0xC1, 0xDD, 0xFF])
def test_a_message_with_one_byte_wrong_raises_nothing_else(codec: Codec, wrong: int) -> None:
    """Any one byte replaced gives another message or a protocol error."""
    for payload in map(codec.encode, [*golden.to_server(codec).values(), *golden.to_client().values()]):
        for place in range(len(payload)):
            broken = payload[:place] + bytes([wrong]) + payload[place + 1 :]
            assert _survives(codec.decode_to_server, broken)
            assert _survives(codec.decode_to_client, broken)


def _survives(decode: object, payload: bytes) -> bool:
    try:
        message = decode(payload)  # type: ignore[operator]
    except ProtocolError as error:
        return len(error.text) <= 200
    return isinstance(message, msgspec.Struct)
