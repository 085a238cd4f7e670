"""Hostile inputs by kind and number: the same seed gives the same ones. Pure.

An input is what one connection sends, but for ``codec``, where it is one payload that is decoded in this process.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgpack
import msgspec

from server.games.flotsam import game
from server.wire.codec import JSON, MSGPACK, Codec
from server.wire.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from tests.fuzz.mutation import EDGES, anything, anything_text, broken, warped
from tests.integration.net_peer import HANDSHAKE
from tests.unit.net import masked
from tests.unit.server.wire import golden
from tests.unit.server.wire.test_hostile import HOSTILE_JSON, HOSTILE_MSGPACK

WORLDS = ("bay", "w1", "w2", "w3")
"""Few, as a node opens 64 at most; players who are to notice nothing are in the first."""
MESSAGES_A_CONNECTION = 16
"""Below the number of errors at which a connection is closed."""
HEADERS = (
    b"Origin: null", b"Origin: https://evil.example", b"Host: ", b"Host: xn--\xff", b"Connection: close",
    b" folded: line",
    b"Content-Length: 5", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"Expect: 100-continue",
    b"Upgrade: h2c",
    b"X-Forwarded-For: 1.2.3.4, ::1, x", b'Forwarded: for="[::1]"', b"Sec-WebSocket-Protocol: oarlock.v9.json",
    b'Sec-WebSocket-Extensions: permessage-deflate; x="\x01', b"Sec-WebSocket-Key: AAAA",
    b"Sec-WebSocket-Version: 13, 8", b"X: " + b"y" * 3000,
)  # fmt: skip
HANDSHAKES = [
    HANDSHAKE, b"GET / HTTP/1.1\r\nHost: node\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n",
    b"HEAD /sdk/index.js HTTP/1.1\r\nHost: node\r\n\r\n",
    b"POST /ws/bay HTTP/1.1\r\nHost: node\r\nContent-Length: 3\r\n\r\nabc",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
]  # fmt: skip


def handshake(chance: random.Random) -> bytes:
    """A request that may be none."""
    data = chance.choice(HANDSHAKES) if chance.random() < 0.3 else HANDSHAKE
    if chance.random() < 0.5:
        line = chance.choice(HEADERS)
        data = data.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1)
    if chance.random() < 0.3:
        path = "/ws/" + anything_text(chance)
        data = data.replace(b"/ws/bay", path.encode("utf-8", "replace").replace(b"\n", b"%0a"), 1)
    return broken(data, chance, HANDSHAKES) if chance.random() < 0.8 else data


def frames(chance: random.Random) -> bytes:
    """A handshake, perhaps a join, and frames of which some break the rules."""
    codec = chance.choice((JSON, MSGPACK))
    parts = [_message_frame(codec, chance) for _ in range(chance.randint(1, 6))]
    data = b"".join(_odd_frame(chance) if chance.random() < 0.4 else part for part in parts)
    if chance.random() < 0.5:
        data = broken(data, chance, parts)
    return opening(codec, chance) + data


def messages(chance: random.Random) -> list[bytes]:
    """Payloads for one connection, in sound frames. Of these each counts as an input."""
    codec = chance.choice((JSON, MSGPACK))
    payloads = [payload_to_node(codec, chance) for _ in range(MESSAGES_A_CONNECTION)]
    opcode = 1 if codec.is_text else 2
    # Text frames have to be UTF-8, else the connection ends there.
    sound = [data if not codec.is_text else data.decode("utf-8", "replace").encode() for data in payloads]
    return [opening(codec, chance), *(masked.frame(opcode, data) for data in sound)]


def codec_payload(chance: random.Random) -> tuple[Codec, bytes]:
    """A payload for either decoder, of either side."""
    codec = chance.choice((JSON, MSGPACK))
    if chance.random() < 0.5:
        return codec, payload_to_node(codec, chance)
    samples = [codec.encode(message) for message in golden.to_client().values()]
    data = chance.choice(samples)
    if chance.random() < 0.5:
        data = encoded(warped(_module(codec).decode(data), chance), codec)
    return codec, broken(data, chance, samples) if chance.random() < 0.7 else data


def opening(codec: Codec, chance: random.Random) -> bytes:
    """A sound handshake of some client, and in most cases a join."""
    name = codec.subprotocol.encode()
    address = f"X-Forwarded-For: 198.18.{chance.randrange(256)}.{chance.randrange(256)}\r\n\r\n".encode()
    head = HANDSHAKE.replace(f"{SUBPROTOCOL_JSON}, {SUBPROTOCOL_MSGPACK}".encode(), name)
    head = head.replace(b"/ws/bay", b"/ws/" + chance.choice(WORLDS).encode())[:-2] + address
    if chance.random() < 0.3:
        return head
    join = codec.encode_value({"type": "join", "name": anything_text(chance), "spectate": chance.random() < 0.3})
    return head + masked.frame(1 if codec.is_text else 2, join)


def payload_to_node(codec: Codec, chance: random.Random) -> bytes:
    """A message to the node, whole or broken."""
    hostile = HOSTILE_JSON if codec.is_text else HOSTILE_MSGPACK
    if chance.random() < 0.1:
        return chance.choice([data for data in hostile.values() if len(data) < 1000])
    message = _order(chance) if chance.random() < 0.5 else chance.choice(_plain_messages(codec))
    if chance.random() < 0.7:
        message = warped(message, chance)
    data = encoded(message, codec)
    return broken(data, chance, [*hostile.values()]) if chance.random() < 0.4 else data


def encoded(value: Any, codec: Codec) -> bytes:
    """The bytes of any data: NaN in JSON too, and in MessagePack whole numbers up to 64 bits."""
    if codec.is_text:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    return bytes(msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass"))


def _order(chance: random.Random) -> Any:
    """A command of the game with arguments of the right names."""
    name = chance.choice([*game.commands, anything_text(chance)])
    fields = game.commands[name].fields if name in game.commands else ()
    args = {field.name: chance.choice((anything(chance), chance.randint(-50, 50))) for field in fields}
    return {"type": "do", "seq": chance.choice((1, 2, 3, chance.choice(EDGES))), "command": name, "args": args}


def _plain_messages(codec: Codec) -> list[Any]:
    return [_module(codec).decode(codec.encode(message)) for message in golden.to_server(codec).values()]


def _module(codec: Codec) -> Any:
    return msgspec.json if codec.is_text else msgspec.msgpack


def _message_frame(codec: Codec, chance: random.Random) -> bytes:
    data = payload_to_node(codec, chance)
    opcode = 1 if codec.is_text else 2
    if chance.random() < 0.3 and len(data) > 2:
        cuts = sorted(chance.sample(range(len(data)), 2))
        return b"".join(masked.fragmented(opcode, [data[: cuts[0]], data[cuts[0] : cuts[1]], data[cuts[1] :]]))
    return masked.frame(opcode, data)


def _odd_frame(chance: random.Random) -> bytes:
    opcode, payload = chance.randrange(16), chance.randbytes(chance.choice((0, 1, 2, 5, 125, 126, 200)))
    odd = masked.frame(opcode, payload, final=chance.random() < 0.7, rsv=chance.choice((0, 0, 0, 1, 4)))
    if chance.random() < 0.2:  # A length that is a lie.
        odd = bytes([odd[0], 0x80 | chance.choice((126, 127))]) + chance.randbytes(8) + odd[2:]
    return odd if chance.random() < 0.9 else bytes([odd[0], odd[1] & 0x7F]) + odd[2:]  # Not masked.


CONNECTIONS: dict[str, Callable[[random.Random], bytes]] = {"handshake": handshake, "frames": frames}
"""Kinds of which an input is all that a connection sends."""
