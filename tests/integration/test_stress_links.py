"""What a stress run does to links, on real sockets and a real store: each fault is what it says, and no more."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
import hiredis
import pytest
import trio

from client_bot.connection import Address
from proof.client_links import ClientLink, ClientLinks
from proof.relay import Relay, relayed
from shared_state.embedded import embedded_store

pytestmark = pytest.mark.integration

CHANNEL = "delta"
SOON_S = 0.3


@attrs.define(eq=False)
class Peer:
    """A client of the store that speaks RESP3."""

    stream: trio.abc.Stream
    _reader: hiredis.Reader = attrs.field(factory=lambda: hiredis.Reader(encoding="utf-8"))

    async def ask(self, *words: str) -> Any:
        """Sends a command; returns the next reply."""
        await self.stream.send_all(hiredis.pack_command(words))  # type: ignore[arg-type]
        return await self.hear()

    async def hear(self) -> Any:
        """The next reply or message; None: the connection is over."""
        while (reply := self._reader.gets()) is False:
            data = await self.stream.receive_some(65536)
            if not data:
                return None
            self._reader.feed(bytes(data))
        return reply

    async def hears_nothing(self) -> bool:
        """Nothing comes for a moment."""
        with trio.move_on_after(SOON_S) as scope:
            await self.hear()
        return scope.cancelled_caught


@asynccontextmanager
async def linked() -> AsyncGenerator[tuple[Relay, Peer, Peer], None]:
    """A relay, a subscriber behind it, and a client at the store itself."""
    with trio.fail_after(20):
        async with (
            embedded_store() as store,
            relayed(store.url.removeprefix("unix://")) as relay,
            await trio.open_tcp_stream("127.0.0.1", relay.port) as near,
            await trio.open_unix_socket(relay.path) as far,
        ):
            behind, direct = Peer(near), Peer(far)
            await behind.ask("HELLO", "3")
            await behind.ask("SSUBSCRIBE", CHANNEL)
            yield relay, behind, direct


async def test_an_idle_relay_passes_everything_on() -> None:
    """Answers of all sizes, and messages, in order."""
    async with linked() as (_, behind, direct):
        assert await behind.ask("SET", "key", "x" * 500_000) == "OK"
        assert await behind.ask("GET", "key") == "x" * 500_000
        await direct.ask("SPUBLISH", CHANNEL, "one")
        assert await behind.hear() == ["smessage", CHANNEL, "one"]


async def test_published_messages_are_dropped_and_doubled() -> None:
    """So many as were asked for; answers are not touched."""
    async with linked() as (relay, behind, direct):
        relay.drops, relay.doubles = 1, 1
        for text in ("one", "two", "three"):
            await direct.ask("SPUBLISH", CHANNEL, text)
        assert [(await behind.hear())[2] for _ in range(3)] == ["two", "two", "three"]
        assert await behind.ask("PING") == "PONG"


async def test_a_mute_link_still_hears() -> None:
    """Requests wait, messages come; when it is over, what was said arrives."""
    async with linked() as (relay, behind, direct):
        relay.mute_until_s = trio.current_time() + 3 * SOON_S
        await behind.stream.send_all(hiredis.pack_command(("SET", "late", "1")))  # type: ignore[arg-type]
        await direct.ask("SPUBLISH", CHANNEL, "heard")
        assert await behind.hear() == ["smessage", CHANNEL, "heard"]
        assert await direct.ask("GET", "late") is None
        assert await behind.hear() == "OK"
        assert await direct.ask("GET", "late") == "1"


async def test_answers_come_late() -> None:
    """By as much as was asked for."""
    async with linked() as (relay, behind, _):
        relay.delay_s = SOON_S
        began_s = trio.current_time()
        assert await behind.ask("PING") == "PONG"
        assert trio.current_time() - began_s >= SOON_S


@pytest.mark.parametrize("resets", [False, True])
async def test_a_cut_link_ends_and_another_can_be_made(resets: bool) -> None:
    """In order, or by a reset."""
    async with linked() as (relay, behind, _):
        relay.cut(resets)
        if resets:
            with pytest.raises(trio.BrokenResourceError):
                await behind.hear()
        else:
            assert await behind.hear() is None
        async with await trio.open_tcp_stream("127.0.0.1", relay.port) as stream:
            assert await Peer(stream).ask("PING") == "PONG"


async def test_a_half_open_link_takes_everything_and_says_nothing() -> None:
    """Nobody is told; a new connection works."""
    async with linked() as (relay, behind, direct):
        relay.hang()
        await behind.stream.send_all(hiredis.pack_command(("SET", "key", "1")))  # type: ignore[arg-type]
        assert await behind.hears_nothing()
        assert await direct.ask("EXISTS", "key") == 0
        async with await trio.open_tcp_stream("127.0.0.1", relay.port) as stream:
            assert await Peer(stream).ask("PING") == "PONG"


async def test_a_store_that_is_away_ends_the_connection() -> None:
    """As the store's own port would."""
    with trio.fail_after(10):
        async with (
            relayed("/nonexistent/store.sock") as relay,
            await trio.open_tcp_stream("127.0.0.1", relay.port) as stream,
        ):
            assert await stream.receive_some() == b""


@asynccontextmanager
async def dialled() -> AsyncGenerator[tuple[ClientLinks, ClientLink, trio.SocketStream], None]:
    """A bot's link, and its peer."""
    peers: list[trio.SocketStream] = []
    came = trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        peers.append(stream)
        came.set()
        await trio.sleep_forever()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            links = ClientLinks(random.Random(1))
            port = listeners[0].socket.getsockname()[1]
            link = await links.dial(Address(False, "127.0.0.1", port, "/"))
            assert isinstance(link, ClientLink)
            await came.wait()
            yield links, link, peers[0]
            nursery.cancel_scope.cancel()


async def test_a_bots_link_is_its_socket_until_something_happens() -> None:
    """Bytes pass both ways; closed, it is counted no more."""
    async with dialled() as (links, link, peer):
        await link.send_all(b"ahoy")
        assert await peer.receive_some() == b"ahoy"
        await peer.send_all(b"aye")
        assert await link.receive_some() == b"aye"
        assert links.some() == []
        for _ in range(2):
            await links.dial(Address(False, *peer.socket.getsockname(), "/"))
        assert len(links.some()) == 1
        await link.aclose()
        assert await peer.receive_some() == b""


async def test_a_reset_link_tells_its_peer() -> None:
    """A node gets an error, no end."""
    async with dialled() as (_, link, peer):
        await link.reset()
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive_some()
        await link.reset()  # It is over: nothing happens.


async def test_a_hanging_link_is_quiet_until_it_is_closed() -> None:
    """It takes what is sent and brings nothing; whoever waits on it is told when it is closed."""
    async with dialled() as (_, link, peer):
        link.hangs = True
        await link.send_all(b"into the sea")
        await peer.send_all(b"never read")
        with trio.move_on_after(SOON_S) as patience:
            await link.receive_some()
        assert patience.cancelled_caught
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.aclose)
            with pytest.raises(trio.ClosedResourceError):
                await link.receive_some()


async def test_a_stalled_link_reads_later() -> None:
    """Nothing is lost."""
    async with dialled() as (_, link, peer):
        link.stalled_until_s = trio.current_time() + SOON_S
        await peer.send_all(b"later")
        assert await link.receive_some() == b"later"
        assert trio.current_time() >= link.stalled_until_s
