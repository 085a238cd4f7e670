"""Messages on real sockets: none lost, none early, none out of order, none corrupted (S02, S35)."""

from __future__ import annotations

import contextlib

import attrs
import pytest
import trio

from server.net.connection import Connection
from server.net.frames import BINARY, TEXT
from server.net.limits import Limits
from tests.conformance.echo import EchoApp
from tests.integration.net_peer import LOST, Peer, eventually, join, serving
from tests.unit.net import masked


@attrs.define(eq=False)
class Recorder(EchoApp):
    """Records what arrives and hands out its connection."""

    ended: list[object] = attrs.field(factory=list)
    messages: list[bytes] = attrs.field(factory=list)
    connection: Connection | None = None

    async def handle(self, connection: Connection) -> None:
        self.connection = connection
        self.ended.append(await connection.run(self))

    def on_message(self, payload: bytes) -> None:
        self.messages.append(payload)

    def on_drained(self) -> None:
        pass


async def test_data_in_the_segment_of_the_handshake_is_delivered_in_order() -> None:
    """Messages sent blindly behind the request, fragmented ones among them, arrive once and in order."""
    fragments = b"".join(masked.fragmented(BINARY, [b"2", b"-", b"2"]))
    early = masked.binary(b"1") + fragments + masked.frame(9, b"p") + masked.binary(b"3") + masked.binary(b"4")[:3]
    app = Recorder()
    with trio.fail_after(3):
        async with serving(app, Limits()) as port:
            peer = await join(port, early)
            await peer.send(masked.binary(b"4")[3:] + masked.binary(b"5"))
            await eventually(lambda: len(app.messages) == 5)
            assert await peer.read_frame() == (0xA, b"p")
    assert app.messages == [b"1", b"2-2", b"3", b"4", b"5"]


async def test_fragmented_and_whole_messages_keep_their_order() -> None:
    """A message behind a fragmented one does not overtake it, though it takes the shorter way."""
    app = Recorder()
    expected = [b"%d" % at for at in range(300)]
    with trio.fail_after(5):
        async with serving(app, Limits()) as port:
            peer = await join(port)
            for at, message in enumerate(expected):
                frames = masked.fragmented(BINARY, [message[:1], message[1:]]) if at % 3 else [masked.binary(message)]
                await peer.send(b"".join(frames))
            await eventually(lambda: len(app.messages) == len(expected))
    assert app.messages == expected


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (b"\x82\x01x", 1002),
        (masked.frame(3, b"x"), 1002),
        (masked.frame(BINARY, b"x", rsv=4), 1002),
        (masked.frame(TEXT, b"\xff"), 1007),
        (b"".join(masked.fragmented(TEXT, [b"ok", b"\xff"])), 1007),
        (masked.frame(8, b"\x00\x01"), 1002),
        (masked.binary(b"x" * 1001), 1009),
        (masked.binary(b"x" * 1001)[:8], 1009),
        (b"".join(masked.fragmented(TEXT, [("€" * 200).encode()] * 2)), 1009),
    ],
)
async def test_broken_rule_is_answered_with_its_code(hostile: bytes, code: int) -> None:
    """Who breaks a rule is told which, in a Close frame; what was sent before it still counts."""
    app = Recorder()
    with trio.fail_after(3):
        async with serving(app, Limits(max_message_bytes=1000, close_timeout_s=0.5)) as port:
            peer = await join(port)
            await peer.send(masked.binary(b"good") + hostile + masked.binary(b"late"))
            assert await peer.read_close() == code
            await peer.wait_gone()
            await peer.stream.aclose()
            await eventually(lambda: bool(app.ended))
    assert app.messages == [b"good"]


async def test_close_frame_reaches_a_client_that_talks_on() -> None:
    """Closing at once would reset the connection and take the Close frame away from a client that is still sending."""
    app = Recorder()
    with trio.fail_after(3):
        async with serving(app, Limits(max_message_bytes=1000, close_timeout_s=0.5)) as port:
            peer = await join(port)
            await peer.send(b"\x82\x01x")
            for _ in range(10):
                await trio.sleep(0.02)
                await peer.send(b"x" * 1000)
            assert await peer.read_close() == 1002


async def test_text_cut_inside_a_character_is_valid() -> None:
    """A character may be cut by a fragment's end or by a segment's end."""
    data = "aé€😀".encode()
    app = Recorder()
    with trio.fail_after(3):
        async with serving(app, Limits()) as port:
            peer = await join(port)
            for at in range(1, len(data)):
                await peer.send(b"".join(masked.fragmented(TEXT, [data[:at], data[at:]])))
            await eventually(lambda: len(app.messages) == len(data) - 1)
    assert app.messages == [data] * (len(data) - 1)


async def test_flood_of_pings_ends_the_flooder_and_starves_nobody() -> None:
    """Ten thousand Pings are too many for one second; the neighbour's messages go through meanwhile."""
    app = EchoApp()
    with trio.fail_after(6):
        async with serving(app, Limits(close_timeout_s=0.5)) as port:
            neighbour, flooder = await join(port), await join(port)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_flood, flooder, masked.frame(9, b"x") * 10_000)
                for _ in range(20):
                    with trio.fail_after(0.5):
                        assert await neighbour.echo(b"hi") == b"hi"
                assert await flooder.read_close() == 1008
                nursery.cancel_scope.cancel()


async def _flood(peer: Peer, data: bytes) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        await peer.send(data)


async def test_paused_connection_feels_back_pressure_and_loses_nothing() -> None:
    """While paused nothing is delivered and the client's writes stall; resumed, all of it comes in order."""
    app = Recorder()
    message = b"x" * 50_000
    with trio.fail_after(6):
        async with serving(app, Limits()) as port:
            peer = await join(port)
            await eventually(lambda: app.connection is not None)
            assert app.connection is not None
            app.connection.pause()
            sent = 0
            with trio.move_on_after(0.5) as stalled:
                while True:
                    await peer.send(masked.binary(message))
                    sent += 1
            assert stalled.cancelled_caught
            assert app.messages == []
            app.connection.resume()
            await eventually(lambda: len(app.messages) == sent)
    assert set(app.messages) == {message}


async def test_stalled_reader_gets_an_unbroken_stream() -> None:
    """A client that stops reading under load finds whole frames in order, whatever was cancelled meanwhile (S02)."""
    app = Recorder()
    with trio.fail_after(6):
        async with serving(app, Limits(max_backlog_bytes=1 << 24)) as port:
            peer = await join(port)
            await eventually(lambda: app.connection is not None)
            connection = app.connection
            assert connection is not None
            sent = 0
            while not connection.blocked or sent < 100:
                connection.send(connection.frame(b"%06d" % sent + b"x" * 30_000))
                sent += 1
            # Answers to these Pings wait behind the backlog; the flood of them must not get inside a frame.
            await peer.send(masked.frame(9, b"p") * 50)
            await trio.sleep(0.5)
            numbers = []
            while len(numbers) < sent:
                opcode, payload = await peer.read_frame()
                if opcode == BINARY:
                    numbers.append(int(payload[:6]))
            assert numbers == list(range(sent))
            assert connection.stalled_since is None


@pytest.mark.parametrize("kick", [True, False])
async def test_hopelessly_slow_reader_is_closed_never_corrupted(kick: bool) -> None:
    """Over the backlog's bound, or kicked while blocked, the client is closed by the deadline; frames stay whole."""
    app = Recorder()
    with trio.fail_after(6):
        async with serving(app, Limits(max_backlog_bytes=200_000, close_timeout_s=0.5)) as port:
            peer = await join(port)
            await eventually(lambda: app.connection is not None)
            connection = app.connection
            assert connection is not None
            while not connection.blocked:
                connection.send(connection.frame(b"x" * 30_000))
            if kick:
                connection.close(4003, "kicked")
            for _ in range(20):
                connection.send(connection.frame(b"y" * 30_000))
            await eventually(lambda: bool(app.ended))
            assert app.ended[0].code == (4003 if kick else 4008)  # type: ignore[attr-defined]
            with contextlib.suppress(AssertionError):
                # The last frame may be cut by the end of the stream, which is no corruption.
                while (await peer.read_frame())[0] != LOST:
                    pass


async def test_echo_of_everything_at_once() -> None:
    """Twenty clients with mixed traffic and a reader that lags get exactly their own messages back."""
    with trio.fail_after(6):
        async with serving(EchoApp(), Limits()) as port:
            async with trio.open_nursery() as nursery:
                for number in range(20):
                    nursery.start_soon(_check_talk, await join(port), b"%d" % number)
            assert await (await join(port)).echo(b"after them") == b"after them"


async def _check_talk(peer: Peer, name: bytes) -> None:
    for size in (0, 1, 125, 126, 5000, 65_000):
        assert await peer.echo(name * (size // len(name))) == name * (size // len(name))
