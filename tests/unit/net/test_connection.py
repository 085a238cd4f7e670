"""The connection on a socket pair: its beginning and its end."""

from __future__ import annotations

import socket
from contextlib import suppress

import trio
from trio.testing import wait_all_tasks_blocked

from server.net.admission import Accept
from server.net.closing import CloseReason
from server.net.connection import Connection
from server.net.frames import PING, PONG
from server.net.http import Request
from server.net.hub import Hub
from server.net.limits import Limits
from server.wire.close_codes import LOST
from tests.unit.net import masked
from tests.unit.net.sockets import read_exactly, running_hub, socket_pair, until

REQUEST = Request("GET", "/ws/bay", "", {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}, "192.0.2.1")


class Inbox(list[bytes]):
    """A receiver that keeps what it gets."""

    def on_message(self, payload: bytes) -> None:
        self.append(payload)

    def on_drained(self) -> None:
        pass


def connection_on(hub: Hub, sock: socket.socket, early: bytes = b"", *, is_text: bool = False) -> Connection:
    """A connection that is about to shake hands."""
    return Connection(hub, sock, REQUEST, Accept(None, is_text), early, Limits(close_timeout_s=0.2))


async def read_head(theirs: socket.socket) -> None:
    """Skips the answer to the handshake."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await read_exactly(theirs, 1)


async def test_client_that_is_gone_before_the_handshake_is_a_reason_not_an_error() -> None:
    """A socket that breaks while the handshake is answered ends ``run`` quietly (S01)."""
    with trio.fail_after(2), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            theirs.close()
            assert (await connection_on(hub, ours).run(Inbox())).code == LOST


async def test_close_before_the_handshake_is_carried_out_after_it() -> None:
    """A connection told to close before it opened shakes hands, says why, and delivers nothing."""
    inbox = Inbox()
    with trio.fail_after(2), socket_pair() as (ours, theirs):
        async with running_hub() as hub:
            connection = connection_on(hub, ours, masked.binary(b"early"))
            connection.close(4001, "draining")
            connection.close(4002, "too late")
            assert await connection.run(inbox) == CloseReason(4001, "draining")
            await read_head(theirs)
            assert await read_exactly(theirs, 12) == b"\x88\x0a\x0f\xa1draining"
    assert inbox == []


async def test_nothing_is_sent_before_the_connection_is_open_or_after_it_began_to_close() -> None:
    """Frames outside the open connection are dropped, so they can neither precede the handshake nor follow a Close."""
    with trio.fail_after(2), socket_pair() as (ours, theirs):
        async with running_hub() as hub, trio.open_nursery() as nursery:
            connection = connection_on(hub, ours, is_text=True)
            assert not connection.send(connection.frame(b"too early"))
            nursery.start_soon(connection.run, Inbox())
            await read_head(theirs)
            await until(lambda: connection.send(connection.frame(b"in time")))
            connection.close(1001)
            connection.pause()
            assert not connection.send(connection.frame(b"too late"))
            assert await read_exactly(theirs, 13) == b"\x81\x07in time\x88\x02\x03\xe9"


async def test_every_cut_of_the_early_bytes_gives_the_same_messages() -> None:
    """However the first bytes are split between the handshake's segment and later ones, nothing is lost or doubled."""
    data = b"".join([masked.binary(b"one"), *masked.fragmented(2, [b"t", b"wo"]), masked.binary(b"three")])
    with trio.fail_after(5):
        for cut in range(len(data) + 1):
            inbox = Inbox()
            with socket_pair() as (ours, theirs):
                async with running_hub() as hub, trio.open_nursery() as nursery:
                    nursery.start_soon(connection_on(hub, ours, data[:cut]).run, inbox)
                    theirs.send(data[cut:])
                    await until(lambda: len(inbox) == 3)  # noqa: B023
                    theirs.close()
            assert inbox == [b"one", b"two", b"three"]


async def test_the_library_is_started_by_what_is_unusual() -> None:
    """Messages and Pongs cost no task; a Ping starts trio-websocket, which answers it, and a later one."""
    inbox = Inbox()
    with trio.fail_after(5), socket_pair() as (ours, theirs):
        async with running_hub() as hub, trio.open_nursery() as nursery:
            nursery.start_soon(connection_on(hub, ours).run, inbox)
            await read_head(theirs)
            tasks = trio.lowlevel.current_statistics().tasks_living
            theirs.send(masked.binary(b"one") + masked.frame(PONG, b"alive") + masked.binary(b"two"))
            await until(lambda: inbox == [b"one", b"two"])
            await wait_all_tasks_blocked()
            assert trio.lowlevel.current_statistics().tasks_living == tasks
            for _ in range(2):
                theirs.send(masked.frame(PING, b"there?"))
                assert await read_exactly(theirs, 8) == b"\x8a\x06there?"
            assert trio.lowlevel.current_statistics().tasks_living == tasks + 1
            theirs.close()


async def test_a_client_that_takes_no_answer_is_given_up() -> None:
    """Its socket is full before the handshake is answered: after the time for that it is closed."""
    limits = Limits(handshake_timeout_s=0.05)
    with trio.fail_after(5), socket_pair() as (ours, _theirs):
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(65_536))
        async with running_hub() as hub:
            connection = Connection(hub, ours, REQUEST, Accept(None), b"", limits)
            assert (await connection.run(Inbox())).code == LOST
            assert not connection.send(b"late")
