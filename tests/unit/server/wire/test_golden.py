"""The bytes of the protocol, as committed: neither the node nor a client may drift from them."""

from __future__ import annotations

import base64
import json
from typing import get_args

import pytest

from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK
from tests.unit.server.wire import golden
from tests.unit.server.wire.samples import plain

COMMITTED = json.loads(golden.PATH.read_text())


def _bytes(side: str, name: str) -> tuple[bytes, bytes]:
    vector = COMMITTED[side][name]
    return vector["json"].encode(), base64.b64decode(vector["msgpack_base64"])


@pytest.mark.parametrize("name", golden.to_client())
def test_a_nodes_message_has_its_golden_bytes(name: str) -> None:
    """Encoding gives the committed bytes, and decoding them gives the message."""
    message = golden.to_client()[name]
    text, binary = _bytes("to_client", name)
    assert (JSON.encode(message), MSGPACK.encode(message)) == (text, binary)
    assert JSON.decode_to_client(text) == MSGPACK.decode_to_client(binary) == message


@pytest.mark.parametrize("name", golden.to_server(JSON))
def test_a_clients_message_has_its_golden_bytes(name: str) -> None:
    """Encoding gives the committed bytes, and decoding them gives the message."""
    text, binary = _bytes("to_server", name)
    for codec, payload in ((JSON, text), (MSGPACK, binary)):
        message = golden.to_server(codec)[name]
        assert codec.encode(message) == payload
        assert plain(codec, codec.decode_to_server(payload)) == plain(codec, message)


def test_every_type_of_message_is_golden() -> None:
    """The file has a vector for each type of both directions, and nothing besides."""
    assert {type(message) for message in golden.to_server(JSON).values()} == set(get_args(wire.ToServer))
    assert {type(message) for message in golden.to_client().values()} == set(get_args(wire.ToClient))
    assert set(COMMITTED["to_server"]) == set(golden.to_server(JSON))
    assert set(COMMITTED["to_client"]) == set(golden.to_client())
