"""The stream under trio-websocket: what it hands over, and what it never does."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked
from trio_websocket import wrap_server_stream

from server.net.frames import BINARY, CLOSE, PING, TEXT
from server.net.link import Link
from server.net.splitter import Raw
from server.net.stream import ClientStream
from tests.unit.net import masked
from tests.unit.net.sockets import read_exactly, running_hub, socket_pair
from tests.unit.net.test_link import Owner

PING_RAW = Raw(b"\x89\x80....", PING)
CLOSE_RAW = Raw(b"\x88\x80....", CLOSE)


@attrs.define(eq=False)
class Fixture:
    """A stream, and how often it told that it has room again."""

    stream: ClientStream
    spare: list[None]


def stream_on(link: Link) -> Fixture:
    """A stream whose library has not read anything yet."""
    spare: list[None] = []
    return Fixture(ClientStream(link, lambda: spare.append(None)), spare)


async def started_on(link: Link) -> Fixture:
    """A stream whose library has answered the handshake."""
    fixture = stream_on(link)
    await fixture.stream.receive_some()
    await fixture.stream.send_all(b"HTTP/1.1 101 \r\n\r\n")
    return fixture


async def test_a_library_gets_a_handshake_and_its_answer_goes_nowhere() -> None:
    """Started late, trio-websocket shakes hands with nobody; what came meanwhile waits until that is over."""
    with trio.fail_after(2), socket_pair() as (ours, theirs):
        async with running_hub() as hub, trio.open_nursery() as nursery:
            stream = stream_on(Link(ours, hub, Owner())).stream
            stream.push(Raw(masked.frame(PING, b"early"), PING))
            request = await wrap_server_stream(nursery, stream)
            await wait_all_tasks_blocked()
            await request.accept()
            assert await read_exactly(theirs, 7) == b"\x8a\x05early"
            nursery.cancel_scope.cancel()


async def test_gives_one_raw_piece_a_call_then_the_end() -> None:
    """Each piece by itself and cut to the size asked for, then the orderly end."""
    with trio.fail_after(2), socket_pair() as (ours, _):
        async with running_hub() as hub:
            stream = (await started_on(Link(ours, hub, Owner()))).stream
            stream.push(PING_RAW)
            stream.push(Raw(b"abcde", TEXT))
            stream.push_end(broken=False)
            pieces = [await stream.receive_some(6) for _ in range(2)]
            assert pieces == [PING_RAW.data, b"abcde"]
            assert await stream.receive_some() == b""
            stream.push(Raw(b"abcde", BINARY))
            assert [await stream.receive_some(2) for _ in range(3)] == [b"ab", b"cd", b"e"]


async def test_no_ping_is_handed_over_once_we_are_closing() -> None:
    """A Ping that waits when closing begins, and one that comes later, are dropped; a Close is not (S10)."""
    with trio.fail_after(2), socket_pair() as (ours, _):
        async with running_hub() as hub:
            stream = (await started_on(Link(ours, hub, Owner()))).stream
            stream.push(PING_RAW)
            stream.hush()
            stream.push(PING_RAW)
            stream.push(CLOSE_RAW)
            assert await stream.receive_some() == CLOSE_RAW.data


async def test_lost_connection_raises_after_what_came_before() -> None:
    """What was received before the loss is handed over first."""
    with trio.fail_after(2), socket_pair() as (ours, _):
        async with running_hub() as hub:
            stream = (await started_on(Link(ours, hub, Owner()))).stream
            stream.push(PING_RAW)
            stream.push_end(broken=True)
            assert await stream.receive_some() == PING_RAW.data
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()


async def test_full_stream_tells_when_all_was_taken() -> None:
    """A reader that lags fills the stream; it has room again when the last piece was taken."""
    with trio.fail_after(2), socket_pair() as (ours, _):
        async with running_hub() as hub:
            fixture = await started_on(Link(ours, hub, Owner()))
            fixture.stream.push(Raw(b"x" * 40_000, BINARY))
            assert not fixture.stream.is_full
            fixture.stream.push(Raw(b"x" * 40_000, BINARY))
            assert fixture.stream.is_full
            await fixture.stream.receive_some()
            assert fixture.spare == []
            await fixture.stream.receive_some()
            assert fixture.spare == [None]


async def test_cancelled_send_is_completed_in_order() -> None:
    """A send that is cancelled while the peer does not read still goes out whole, ahead of what is sent later (S02)."""
    with trio.fail_after(5), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            link = Link(ours, hub, Owner())
            stream = (await started_on(link)).stream
            with trio.move_on_after(0.05) as scope:
                await stream.send_all(b"a" * 1_000_000)
            assert scope.cancelled_caught
            link.send(b"b" * 10)
            with trio.CancelScope() as cancelled:
                cancelled.cancel()
                await stream.send_all(b"never accepted")
            assert await read_exactly(theirs, 1_000_010) == b"a" * 1_000_000 + b"b" * 10
            assert link.backlog_bytes == 0
            link.close()
            assert theirs.recv(100) == b""
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(b"late")
