"""One client's end, however it comes, is the end of that client only (S01), and a kicked one goes for good (S10)."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import trio

from server.net.admission import Accept
from server.net.closing import CloseReason
from server.net.connection import Connection
from server.net.frames import PING, TEXT
from server.net.http import Request, Response
from server.net.limits import Limits
from tests.conformance.echo import Echo, EchoApp
from tests.integration.net_peer import LOST, connect, eventually, join, serving
from tests.unit.net import masked

CHILD = """
import socket, sys, time
port, handshake = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]
for each in sockets:
    each.sendall(handshake)
    each.recv(4096)
print("ready", flush=True)
time.sleep(60)
"""


class Kicker(EchoApp):
    """Echoes, except: ``kick`` closes with 4003 at once, ``fail`` raises in the connection's own task."""

    async def handle(self, connection: Connection) -> None:
        receiver = KickingEcho(connection)
        self.ended.append(await connection.run(receiver))
        if receiver.has_failed:
            raise RuntimeError("handler failed")

    def admit(self, request: Request) -> Accept | Response:
        return Accept("oarlock.v1.msgpack")


class KickingEcho(Echo):
    """The receiver of ``Kicker``."""

    has_failed = False

    def on_message(self, payload: bytes) -> None:
        if payload == b"kick":
            self.connection.close(4003, "kicked")
        elif payload == b"fail":
            self.has_failed = True
            self.connection.close(1011, "internal error")
        else:
            super().on_message(payload)


@contextlib.contextmanager
def logging_errors(failures: list[str], peer: str) -> Iterator[None]:
    """A boundary as the session layer has it."""
    try:
        yield
    except RuntimeError:
        failures.append(peer)


@contextlib.contextmanager
def ten_clients_in_a_process(port: int, handshake: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """A process with ten open clients."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(port), handshake.hex()], stdout=subprocess.PIPE)
    with child:
        try:
            yield child
        finally:
            child.kill()


async def test_fifty_clients_end_in_every_way_and_nobody_else_notices() -> None:
    """Ten resets, ten Closes, ten killed and one failing handler: the others' next messages come back at once."""
    from tests.integration.net_peer import HANDSHAKE

    app, failures = Kicker(), list[str]()
    with trio.fail_after(10):
        async with serving(app, Limits(), boundary=lambda peer: logging_errors(failures, peer)) as port:
            with ten_clients_in_a_process(port, HANDSHAKE) as child:
                assert child.stdout is not None
                await trio.to_thread.run_sync(child.stdout.readline)
                peers = [await join(port) for _ in range(40)]
                child.send_signal(signal.SIGKILL)
                for peer in peers[:10]:
                    peer.reset()
                for peer in peers[10:20]:
                    await peer.send(masked.close(1000))
                await peers[20].send(masked.binary(b"fail"))
                assert await peers[20].read_close() == 1011
                await peers[20].send(masked.close(1011))
                await eventually(lambda: len(app.ended) == 31)
                for peer in peers[21:]:
                    assert await peer.echo(b"still here") == b"still here"
                assert await (await join(port)).echo(b"new") == b"new"
    assert failures == ["127.0.0.1"]
    codes = [ended.code for ended in app.ended[:31]]
    assert (codes.count(1006), codes.count(1000), codes.count(1011)) == (20, 10, 1)


@pytest.mark.parametrize("opcode", [PING, TEXT, 2])
async def test_kicked_client_that_talks_on_is_gone_in_time(opcode: int) -> None:
    """A client that answers our Close with Pings or data for ever loses its socket by the deadline, others nothing."""
    app = Kicker()
    with trio.fail_after(5):
        async with serving(app, Limits(close_timeout_s=0.5)) as port:
            bystander, kicked = await join(port), await join(port)
            await kicked.send(masked.binary(b"kick") + masked.frame(opcode, b"x") * 20)
            started = trio.current_time()
            with contextlib.suppress(trio.BrokenResourceError):
                while True:
                    await kicked.send(masked.frame(opcode, b"x") * 10)
                    await trio.sleep(0.01)
            assert trio.current_time() - started < 1.5
            assert await bystander.echo(b"hello") == b"hello"
            await eventually(lambda: bool(app.ended))
    assert app.ended[0] == CloseReason(4003, "kicked")


async def test_kicked_client_that_answers_is_closed_at_once() -> None:
    """The closing handshake of a well-behaved client takes no timeout."""
    app = Kicker()
    with trio.fail_after(3):
        async with serving(app, Limits(close_timeout_s=60)) as port:
            peer = await join(port)
            await peer.send(masked.binary(b"kick"))
            assert await peer.read_close() == 4003
            await peer.send(masked.close(4003))
            await peer.wait_gone()
            await peer.stream.aclose()
            await eventually(lambda: bool(app.ended))
    assert app.ended == [CloseReason(4003, "kicked")]


class Chatter(EchoApp):
    """Sends to its clients at every turn of the loop, as a flush may come at any."""

    async def handle(self, connection: Connection) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._chat, connection)
            await super().handle(connection)
            nursery.cancel_scope.cancel()

    async def _chat(self, connection: Connection) -> None:
        while True:
            connection.send(connection.frame(b"chat"))
            await trio.lowlevel.checkpoint()


async def test_nothing_follows_our_close() -> None:
    """A client that says Close while a flush is under way gets its answer last: browsers call more an error."""
    app = Chatter()
    with trio.fail_after(10):
        async with serving(app, Limits()) as port:
            for _ in range(20):
                peer = await join(port)
                await peer.send(masked.close(1000))
                assert await peer.read_close() == 1000
                assert await peer.read_frame() == (LOST, b"")
                await peer.stream.aclose()
            await eventually(lambda: len(app.ended) == 20)
    assert {ended.code for ended in app.ended} == {1000}


async def test_client_that_vanishes_during_the_handshake_is_no_error() -> None:
    """A reset right behind the request, and one in the middle of a frame, end quietly."""
    app = EchoApp()
    with trio.fail_after(3):
        async with serving(app, Limits()) as port:
            for data in (b"GET / HT", masked.binary(b"x" * 100)[:50]):
                peer = await connect(port) if data.startswith(b"GET") else await join(port)
                await peer.send(data)
                peer.reset()
            await eventually(lambda: bool(app.ended))
            assert await (await join(port)).echo(b"fine") == b"fine"
    assert app.ended[0] == CloseReason(1006)


async def test_silent_client_is_pinged_then_given_up() -> None:
    """A client that gives no sign of life is pinged once and then dropped; one that answers stays."""
    app = EchoApp()
    with trio.fail_after(8):
        async with serving(app, Limits(ping_interval_s=1.0, ping_timeout_s=1.0)) as port:
            dead, alive = await join(port), await join(port)
            for _ in range(2):
                opcode, payload = await alive.read_frame()
                assert opcode == PING
                await alive.send(masked.frame(0xA, payload))
            assert (await dead.read_frame())[0] == PING
            assert await dead.read_frame() == (LOST, b"")
            assert await alive.echo(b"here") == b"here"
    assert app.ended[0] == CloseReason(1006)
