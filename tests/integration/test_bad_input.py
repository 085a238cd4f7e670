"""Clients that break every rule, on a whole node: each ends alone, and another player notices nothing (S12, S35)."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from server.net.frames import BINARY, PING, TEXT
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK
from tests.integration.innocent import watched
from tests.integration.net_peer import HANDSHAKE, Peer, connect, join
from tests.integration.player import enter, knock
from tests.integration.whole_node import whole_node
from tests.unit.net import masked

pytestmark = pytest.mark.integration

HELLO = MSGPACK.encode(wire.Join(name="Mallory"))
BAD_HANDSHAKES = {
    "noise": bytes(range(256)) * 4,
    "no request": b"\r\n\r\n\r\n",
    "endless head": b"GET /ws/bay HTTP/1.1\r\n" + b"x-more: y\r\n" * 10_000,
    "no key": HANDSHAKE.replace(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""),
    "wrong version": HANDSHAKE.replace(b"Version: 13", b"Version: 8"),
    "two hosts": HANDSHAKE.replace(b"Host: node", b"Host: node\r\nHost: other"),
    "unknown subprotocol": HANDSHAKE.replace(b"oarlock.v1.json, oarlock.v1.msgpack", b"chat"),
    "key syntax in the world": HANDSHAKE.replace(b"/ws/bay", b"/ws/a:b{c}*"),
    "long world": HANDSHAKE.replace(b"/ws/bay", b"/ws/" + b"w" * 5000),
    "path that climbs": HANDSHAKE.replace(b"/ws/bay", b"/ws/../../etc"),
    "foreign page": HANDSHAKE.replace(b"Host: node", b"Host: node\r\nOrigin: https://evil.example"),
    "POST": HANDSHAKE.replace(b"GET", b"POST"),
}
BAD_FRAMES = {
    "unmasked": b"\x82\x03abc",
    "reserved opcode": masked.frame(3, b"abc"),
    "reserved bits": masked.frame(BINARY, b"abc", rsv=4),
    "broken text": masked.frame(TEXT, b"\xff\xfe"),
    "long ping": masked.frame(PING, b"x" * 126),
    "ping in parts": masked.frame(PING, b"x", final=False),
    "no beginning": masked.frame(0, b"abc"),
    "2**62 bytes": b"\x82\xff\x40" + bytes(7) + masked.MASK,
    "70 KB": masked.binary(b"x" * 70_000),
    "1 MB name": masked.binary(MSGPACK.encode(wire.Join(name="n" * 1_000_000))),
    "close with 1 byte": masked.frame(8, b"x"),
    "close with a bad code": masked.close(1005),
}


async def check_each(attacks: dict[str, bytes], attack: Callable[[int, bytes], Awaitable[None]]) -> None:
    """Runs attacks one after the other against a node with an innocent player, and one newcomer at the end."""
    with trio.fail_after(60):
        async with whole_node() as node, watched(node.port):
            for name, data in attacks.items():
                with trio.fail_after(10):
                    await attack(node.port, data)
                assert name
            newcomer = await enter(node.port)
            assert (await newcomer.do("row", dx=1, dy=1)).code == ""


async def test_malformed_handshakes_are_refused() -> None:
    """Each is answered with an HTTP error or closed at once, and opens no WebSocket."""

    async def attack(port: int, data: bytes) -> None:
        peer = await connect(port)
        with trio.move_on_after(2):
            await _send(peer, data)
            await peer.wait_gone()
        assert not peer.received.startswith(b"HTTP/1.1 101")
        assert peer.received[:10] in (b"", b"HTTP/1.1 4")
        await peer.stream.aclose()

    await check_each(BAD_HANDSHAKES, attack)


async def test_malformed_frames_close_their_sender() -> None:
    """Before and after joining, each ends that connection with a Close of the protocol's range."""

    async def attack(port: int, data: bytes) -> None:
        for hello in (b"", masked.binary(HELLO)):
            peer = await join(port, hello)
            await _send(peer, data)
            assert await peer.read_close() in (1000, 1002, 1007, 1008, 1009)
            await peer.stream.aclose()

    await check_each(BAD_FRAMES, attack)


def order(seq: Any, **args: Any) -> bytes:
    """A stroke of the oars, with anything for its number and arguments."""
    return MSGPACK.encode_value({"type": "do", "seq": seq, "command": "row", "args": args})


BAD_MESSAGES = {
    "unknown command": (MSGPACK.encode_value({"type": "do", "seq": 1, "command": "fly"}), "unknown_command"),
    "no arguments": (order(1), "bad_arguments"),
    "NaN": (order(1, dx=math.nan, dy=0), "bad_arguments"),
    "infinity": (order(1, dx=1, dy=math.inf), "bad_arguments"),
    "text for a number": (order(1, dx="1", dy=0), "bad_arguments"),
    "null for a number": (order(1, dx=None, dy=0), "bad_arguments"),
    "out of bounds": (order(1, dx=1e6, dy=0), "bad_arguments"),
    "wrong number": (order(7, dx=1, dy=0), "bad_seq"),
    "number is a text": (order("1", dx=1, dy=0), "malformed"),
    "unknown type": (MSGPACK.encode_value({"type": "zork"}), "malformed"),
    "a list": (MSGPACK.encode_value([1, 2, 3]), "malformed"),
    "deep": (b"\x91" * 60_000, "malformed"),
    "second join": (HELLO, "already_joined"),
    "JSON": (JSON.encode(wire.Ping(1.0)), "malformed"),
}


async def test_messages_that_make_no_sense_are_answered() -> None:
    """With an error or a refusal that names the fault; the same client can go on playing."""

    async def attack(port: int, data: bytes) -> None:
        player = await enter(port)
        await player.say(data)
        wanted = expected[data]
        if wanted in ("unknown_command", "bad_arguments"):
            player.bot.in_flight.send("row", b"", 0.0)
            await player.listen_until(lambda: bool(player.bot.tally.rejections))
            assert list(player.bot.tally.rejections) == [wanted]
        else:
            await player.listen_until(lambda: bool(player.bot.tally.blamed))
            assert player.bot.tally.blamed == 1
        assert (await player.do("row", dx=1, dy=0)).code == ""
        await player.peer.stream.aclose()

    expected = dict(BAD_MESSAGES.values())
    await check_each({name: data for name, (data, _) in BAD_MESSAGES.items()}, attack)


async def test_a_name_as_long_as_a_message_may_be_is_cut() -> None:
    """64 characters of it are shown to others."""
    with trio.fail_after(30):
        async with whole_node() as node, watched(node.port):
            player = await knock(node.port)
            player.bot.name = "\u202e" + "n" * 60_000
            await player.say(player.bot.hello())
            await player.listen_until(player.sees_itself)
            assert player.bot.mirror is not None
            boat = player.bot.mirror.get(player.bot.avatar)
            assert boat is not None
            assert player.bot.mirror.value(boat, "name") == "n" * 64


async def test_connections_that_break_in_the_middle_end_alone() -> None:
    """Reset in the middle of a handshake, of a frame, of a flood, and while joining; half-closed, and silent."""

    async def attack(port: int, data: bytes) -> None:
        for cut in (1, len(data) // 2, len(data) - 1):
            peer = await connect(port)
            await peer.send(data[:cut])
            peer.reset()
        peer = await connect(port)
        await peer.send(data)
        await peer.stream.send_eof()
        await peer.wait_gone()

    frames = masked.binary(HELLO) + masked.binary(order(1, dx=1, dy=0)) * 300
    await check_each({"handshake": HANDSHAKE, "in play": HANDSHAKE + frames}, attack)


async def test_a_flood_is_closed_as_one() -> None:
    """A client that sends without end is closed with a code not to come back."""

    async def attack(port: int, data: bytes) -> None:
        peer = await join(port)
        with trio.move_on_after(5):
            await _send(peer, data)
        assert await peer.read_close() in (close_codes.TOO_MANY_ERRORS, close_codes.LOST)
        await peer.stream.aclose()

    ping = masked.binary(MSGPACK.encode(wire.Ping(1.0)))
    await check_each({"pings": ping * 5000, "noise": masked.binary(b"\xc1") * 5000}, attack)


async def _send(peer: Peer, data: bytes) -> None:
    """Sends to a server that may close before it has read all."""
    try:
        await peer.send(data)
    except trio.BrokenResourceError:
        return
