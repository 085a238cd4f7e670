"""One connection: how each way to fail or end is told, against real WebSocket peers on streams in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair
from trio_websocket import WebSocketConnection, wrap_server_stream

from client_bot.connection import HANDSHAKE_S, Address, Closed, Dial, Line, UnreachableError, visit
from client_bot.tap import MOST_WAITING
from server.wire.codec import JSON, MSGPACK, Codec

ADDRESS = Address.parse("ws://node.test/ws/bay")
DEADLINE_S = 60.0


def served(nursery: trio.Nursery, serve: Callable[[trio.abc.Stream], Awaitable[None]]) -> Dial:
    """A dial whose connections are served by the given peer."""

    async def dial(_: Address) -> trio.abc.Stream:
        near, far = memory_stream_pair()
        nursery.start_soon(serve, far)
        return near

    return dial


def accepting(act: Callable[[WebSocketConnection], Awaitable[None]], subprotocol: str | None = MSGPACK.subprotocol):  # type: ignore[no-untyped-def]
    """A peer that accepts and then acts."""

    async def serve(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream)
            await act(await request.accept(subprotocol=subprotocol))

    return serve


async def first_message(line: Line) -> Closed:
    """A talk that listens until the end."""
    while True:
        message = await line.receive()
        if isinstance(message, Closed):
            return message


async def try_visit(
    dial: Dial, talk: Callable[[Line], Awaitable[Closed]] = first_message, codec: Codec = MSGPACK
) -> Closed:
    """A visit within the deadline (virtual seconds)."""
    with trio.fail_after(DEADLINE_S):
        return await visit(ADDRESS, codec, dial, talk)


async def test_a_close_code_is_told(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Code and reason of the peer's close reach the caller."""

    async def act(socket: WebSocketConnection) -> None:
        await socket.aclose(4503, "wrong world")

    assert await try_visit(served(nursery, accepting(act))) == Closed(4503, "wrong world")


async def test_a_cut_connection_is_abnormal(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A peer that vanishes without a close frame is code 1006."""
    ends: list[trio.abc.Stream] = []

    async def act(_: WebSocketConnection) -> None:
        await ends[0].aclose()

    async def serve(stream: trio.abc.Stream) -> None:
        ends.append(stream)
        await accepting(act)(stream)

    assert (await try_visit(served(nursery, serve))).code == 1006


@pytest.mark.parametrize(("status", "may_pass"), [(403, False), (404, False), (429, True), (503, True)])
async def test_a_refused_handshake_is_told(
    autojump_clock: MockClock, nursery: trio.Nursery, status: int, may_pass: bool
) -> None:
    """The HTTP status says whether trying again makes sense."""

    async def serve(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as inner:
            request = await wrap_server_stream(inner, stream)
            await request.reject(status)
            inner.cancel_scope.cancel()

    with pytest.raises(UnreachableError, match=str(status)) as caught:
        await try_visit(served(nursery, serve))
    assert caught.value.may_pass is may_pass


async def test_a_silent_peer_is_given_up(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A peer that never answers the handshake costs a bounded time."""

    async def serve(_: trio.abc.Stream) -> None:
        await trio.sleep(HANDSHAKE_S)

    began_s = trio.current_time()
    with pytest.raises(UnreachableError, match="handshake"):
        await try_visit(served(nursery, serve))
    assert trio.current_time() - began_s == pytest.approx(HANDSHAKE_S)


async def test_a_peer_of_another_protocol_is_refused(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A server that does not choose the subprotocol is no node, and will not be one later."""

    async def act(socket: WebSocketConnection) -> None:
        await trio.sleep(1)

    with pytest.raises(UnreachableError, match="does not speak") as caught:
        await try_visit(served(nursery, accepting(act, subprotocol=None)))
    assert not caught.value.may_pass


@pytest.mark.parametrize(("codec", "kind"), [(MSGPACK, bytes), (JSON, str)])
async def test_payloads_travel_in_the_frames_of_their_codec(
    autojump_clock: MockClock, nursery: trio.Nursery, codec: Codec, kind: type
) -> None:
    """MessagePack goes in binary frames, JSON in text frames, and both come back as bytes, however large."""
    frames: list[str | bytes] = []

    async def act(socket: WebSocketConnection) -> None:
        frames.append(await socket.get_message())
        await socket.send_message(frames[0] * 400_000)
        await socket.aclose(4000)

    received: list[list[bytes] | Closed] = []

    async def talk(line: Line) -> Closed:
        await line.send("héllo".encode())
        received.append(await line.receive())
        return await first_message(line)

    closed = await try_visit(served(nursery, accepting(act, codec.subprotocol)), talk, codec)
    assert closed.code == 4000
    assert isinstance(frames[0], kind)
    assert received == [["héllo".encode() * 400_000]]


async def test_messages_keep_their_order_on_either_path(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """Plain frames before, a fragmented message, a ping, and plain frames after it arrive as they were sent."""

    async def serve(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as inner:
            request = await wrap_server_stream(inner, stream)
            socket = await request.accept(subprotocol=MSGPACK.subprotocol)
            await socket.send_message(b"one")
            # trio-websocket does not fragment: these are "tw" and "o", with a ping between.
            await stream.send_all(b"\x02\x02tw" + b"\x89\x00" + b"\x80\x01o")
            await socket.send_message(b"three")
            await socket.aclose(4000)

    received: list[bytes] = []

    async def talk(line: Line) -> Closed:
        while True:
            payloads = await line.receive()
            if isinstance(payloads, Closed):
                return payloads
            received.extend(payloads)

    assert (await try_visit(served(nursery, serve), talk)).code == 4000
    assert received == [b"one", b"two", b"three"]


async def test_a_bot_that_does_not_listen_stops_reading(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """What waits for the owner is bounded; when it listens again nothing is missing."""

    async def act(socket: WebSocketConnection) -> None:
        for number in range(5 * MOST_WAITING):
            await socket.send_message(str(number).encode())
            await trio.sleep(0.001)
        await socket.aclose(4000)

    batches: list[int] = []

    async def talk(line: Line) -> Closed:
        while True:
            await trio.sleep(2)
            payloads = await line.receive()
            if isinstance(payloads, Closed):
                return payloads
            batches.append(len(payloads))

    await try_visit(served(nursery, accepting(act)), talk)
    assert sum(batches) == 5 * MOST_WAITING
    assert max(batches[:2]) == MOST_WAITING


async def test_sending_on_a_closed_line_is_quiet(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """The end of a line is told by receiving alone, so that two tasks do not both report it."""

    async def act(socket: WebSocketConnection) -> None:
        await socket.aclose(4001)

    async def talk(line: Line) -> Closed:
        closed = await first_message(line)
        await line.send(b"late")
        return closed

    assert (await try_visit(served(nursery, accepting(act)), talk)).code == 4001


async def test_closing_does_not_wait_for_a_silent_peer(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A peer that ignores the close frame is left after a short while."""

    async def serve(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as inner:
            request = await wrap_server_stream(inner, stream)
            await request.accept(subprotocol=MSGPACK.subprotocol)
            inner.cancel_scope.cancel()
        await trio.sleep(DEADLINE_S)

    async def talk(line: Line) -> Closed:
        return Closed(1000)

    assert await try_visit(served(nursery, serve), talk) == Closed(1000)
    nursery.cancel_scope.cancel()
