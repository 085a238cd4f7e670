"""One client's WebSocket: fast path for whole data messages, trio-websocket for what is unusual.

Bytes from the hub go through the splitter. Its messages go straight to the receiver; its raw bytes go to
trio-websocket's stream. The library is started by the first of them, or to close: most clients send none for as long
as they play, and it takes a third of what a client costs (docs/decisions/0052). A fragmented message comes back
through ``get_message``; until it has been delivered nothing later is taken, so order holds. Once closing has begun,
messages are dropped.
Knows frames, not messages' content. Invariant: whatever a client does, only its own connection ends, and within
``close_timeout_s`` of the decision to close the socket is closed.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Protocol

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream
from wsproto.utilities import LocalProtocolError

from server.net.admission import Accept
from server.net.closing import CloseReason
from server.net.frames import BINARY, CLOSE, PING, PONG, TEXT, encode_close, encode_frame
from server.net.http import Request
from server.net.hub import Hub
from server.net.keepalive import Keepalive, Step
from server.net.limits import Limits
from server.net.link import Link
from server.net.splitter import FrameSplitter, Raw, TooBig
from server.net.stream import ClientStream
from server.net.upgrade import welcome
from server.wire.close_codes import LOST, MESSAGE_TOO_BIG, NO_CODE, POLICY_VIOLATION, TOO_SLOW

# Messages of one client handled before others get their turn.
_TURN_MESSAGES = 256
_RAW_BYTES = 65_536
_PING_FRAME = encode_frame(PING, b"oarlock")


class Receiver(Protocol):
    """Takes what a client sends. Neither method may block or raise: an error here would end the hub."""

    def on_message(self, payload: bytes) -> None:
        """A whole message; called strictly in order."""

    def on_drained(self) -> None:
        """The connection is no longer ``blocked``."""


@attrs.define(eq=False, init=False)
class Connection:
    """A client that was admitted; it speaks while ``run`` runs.

    Args:
        hub: serves the socket. sock: connected, non-blocking; closed by ``run`` or ``abort``.
        request: the handshake. accept: the decision on it.
        early: bytes that came behind the handshake.
    """

    request: Request
    subprotocol: str | None
    is_text: bool
    _limits: Limits
    _link: Link
    _splitter: FrameSplitter
    _welcome: bytes
    _stream: ClientStream | None
    _unusual: trio.Event
    _receiver: Receiver | None
    _library: WebSocketConnection | None
    _reading: trio.CancelScope | None
    _decision: CloseReason | None
    _has_shaken_hands: bool
    _is_open: bool
    _is_over: bool
    _is_paused: bool
    _awaits_fragments: bool
    _controls: int
    _keepalive: Keepalive

    def __init__(
        self, hub: Hub, sock: socket.socket, request: Request, accept: Accept, early: bytes, limits: Limits
    ) -> None:
        # Nobody asks for the headers any more, and browsers send a kilobyte of them.
        self.request = attrs.evolve(request, headers={})
        self.subprotocol = accept.subprotocol
        self.is_text = accept.is_text
        self._limits = limits
        self._link = Link(sock, hub, self)
        self._splitter = FrameSplitter(limits.max_message_bytes)
        self._welcome = welcome(request, accept.subprotocol)
        self._stream = None
        self._unusual = trio.Event()
        self._receiver = None
        self._library = None
        self._reading = None
        self._decision = None
        self._has_shaken_hands = self._is_open = self._is_over = self._is_paused = self._awaits_fragments = False
        self._controls = 0
        self._keepalive = Keepalive(limits.ping_interval_s, limits.ping_timeout_s, trio.current_time())
        self._splitter.feed(early)

    @property
    def peer(self) -> str:
        """The client's address."""
        return self.request.peer

    @property
    def received_text(self) -> bool:
        """Whether the last message came in text frames; whatever the subprotocol wants, both kinds are delivered."""
        return self._splitter.is_text

    @property
    def blocked(self) -> bool:
        """The socket is full; what is sent now waits."""
        return self._link.backlog_bytes > 0

    @property
    def stalled_since(self) -> float | None:
        """Trio's time at which the socket last took something of what waits for it; None when nothing waits."""
        return self._link.stalled_since

    def frame(self, payload: bytes) -> bytes:
        """The frame of a message in this connection's encoding; share it between connections of one kind."""
        return encode_frame(TEXT if self.is_text else BINARY, payload)

    def send(self, frames: bytes) -> bool:
        """Sends whole frames without waiting; True if the socket took them at once.

        What it does not take is kept and sent as it empties. Over ``max_backlog_bytes`` the client is closed as too
        slow. Before the connection is open and once it is closing, frames are dropped.
        """
        if not self._is_open:
            return False
        if self._link.stalled_since is not None and self._overflows(len(frames)):
            self.close(TOO_SLOW, "too slow")
            return False
        return self._link.send(frames)

    def pause(self) -> None:
        """Takes no more messages for now: the client feels TCP's back-pressure."""
        if self._is_open:
            self._is_paused = True
            self._link.read(False)

    def resume(self) -> None:
        """Takes messages again, soon and not from within this call."""
        self._is_paused = False
        self._link.resume()

    def close(self, code: int, reason: str = "") -> None:
        """Asks for the end; the first call counts. ``run`` says Close and returns when the socket is closed."""
        if self._decision is not None or self._is_over:
            return
        self._decision = CloseReason(code, reason)
        self._is_open = self._is_paused = self._awaits_fragments = False
        self._library_stream().hush()
        if self._reading is not None:
            self._reading.cancel()
        self._link.resume()

    def abort(self) -> None:
        """Closes the socket at once."""
        self._link.abort()

    async def run(self, receiver: Receiver) -> CloseReason:
        """Shakes hands, delivers messages to ``receiver`` until the connection is over, and closes the socket."""
        self._receiver = receiver
        try:
            await self._converse()
        except* (ConnectionClosed, LocalProtocolError):
            # The client left while the handshake or a control frame was being answered: it is over either way.
            pass
        finally:
            self._is_open = False
            self._link.close()
        return self._verdict()

    async def _converse(self) -> None:
        if not await self._shake_hands():
            return
        await self._unusual.wait()
        async with trio.open_nursery() as nursery:
            self._library = await self._start_library(nursery)
            await self._deliver_fragmented(self._library)
            await self._part(self._library)
            nursery.cancel_scope.cancel()

    async def _shake_hands(self) -> bool:
        """Opens the connection; False if the client did not take the answer in time, or is gone."""
        answer, self._welcome = self._welcome, b""
        self._link.send(answer)
        with trio.move_on_after(self._limits.handshake_timeout_s):
            await self._link.drain()
        if self._link.is_closed or self._link.backlog_bytes:
            return False
        self._has_shaken_hands = True
        self._is_open = self._decision is None
        self._link.resume()
        return True

    async def _start_library(self, nursery: trio.Nursery) -> WebSocketConnection:
        request = await wrap_server_stream(
            nursery,
            self._library_stream(),
            # The splitter counts bytes; the library counts characters, and so never finds a message too big.
            max_message_size=self._limits.max_message_bytes,
            receive_buffer_size=_RAW_BYTES,
        )
        return await request.accept()

    def _library_stream(self) -> ClientStream:
        """What the library reads; asking for it starts the library."""
        if self._stream is None:
            self._stream = ClientStream(self._link, self._link.resume)
            self._unusual.set()
        return self._stream

    async def _deliver_fragmented(self, library: WebSocketConnection) -> None:
        if self._decision is not None:
            return
        with trio.CancelScope() as self._reading, contextlib.suppress(ConnectionClosed):
            while True:
                message = await library.get_message()
                self._awaits_fragments = False
                self._splitter.is_text = isinstance(message, str)
                self._deliver(message.encode() if isinstance(message, str) else message)
                self._proceed()

    async def _part(self, library: WebSocketConnection) -> None:
        """Says Close if that is ours to do, and lets the last bytes out."""
        self._is_open = False
        with trio.move_on_after(self._limits.close_timeout_s):
            if self._decision is not None:
                await library.aclose(self._decision.code, self._decision.reason)
            self._say_why(library)
            self._is_over = True
            await self._link.drain()
            if not self._splitter.saw_close:
                await self._link.linger()

    def _say_why(self, library: WebSocketConnection) -> None:
        """Sends the Close frame that trio-websocket leaves out when the client broke a rule."""
        closed = library.closed
        if closed is not None and closed.code not in (NO_CODE, LOST) and not self._library_stream().close_sent:
            self._link.send(encode_close(closed.code, closed.reason or ""))

    def _verdict(self) -> CloseReason:
        if self._decision is not None:
            return self._decision
        closed = self._library.closed if self._library is not None else None
        return CloseReason(closed.code, closed.reason or "") if closed is not None else CloseReason(LOST)

    def _overflows(self, more_bytes: int) -> bool:
        return self._link.backlog_bytes + more_bytes > self._limits.max_backlog_bytes

    def _deliver(self, payload: bytes) -> None:
        if self._is_open and self._receiver is not None:
            self._receiver.on_message(payload)

    def on_bytes(self, data: bytes) -> None:
        """Received bytes, from the link."""
        if self._is_open:
            payload = self._splitter.whole(data)
            if payload is not None:
                self._receiver.on_message(payload)  # type: ignore[union-attr]  # set before the connection opens
                return
        if not self._is_over:
            self._splitter.feed(data)
            self._proceed()

    def _proceed(self) -> None:
        """Takes what the splitter holds, for as long as nothing has to be waited for."""
        for _ in range(_TURN_MESSAGES):
            if self._must_wait():
                self._link.read(False)
                return
            part = self._splitter.take()
            if part is None:
                self._link.read(True)
                return
            self._handle(part)
        self._link.read(False)
        self._link.resume()

    def _must_wait(self) -> bool:
        is_full = self._stream is not None and self._stream.is_full
        return self._is_paused or self._awaits_fragments or is_full

    def _handle(self, part: bytes | Raw | TooBig) -> None:
        if isinstance(part, bytes):
            self._deliver(part)
        elif isinstance(part, Raw):
            self._pass_on(part)
        else:
            self.close(MESSAGE_TOO_BIG, f"a message may have {self._limits.max_message_bytes} bytes")

    def _pass_on(self, raw: Raw) -> None:
        if raw.opcode is not None and raw.opcode >= CLOSE:
            self._controls += 1
            if self._controls > self._limits.max_controls_per_s:
                self.close(POLICY_VIOLATION, "too many control frames")
        if raw.opcode == PONG:
            return
        if raw.opcode == CLOSE:
            # The library answers with our Close, after which nothing may be sent; when, is up to its task.
            self._is_open = False
        if raw.ends_message and self._is_open:
            self._awaits_fragments = True
        self._library_stream().push(raw)

    def on_end(self, broken: bool) -> None:
        """End of what can be received, from the link."""
        self._is_open = self._is_open and not broken
        self._library_stream().push_end(broken)

    def on_drained(self) -> None:
        """Empty backlog, from the link."""
        if self._is_open and self._receiver is not None:
            self._receiver.on_drained()

    def on_resumed(self) -> None:
        """Our turn, asked for with ``Link.resume``."""
        if self._has_shaken_hands and not self._is_over:
            self._proceed()

    def on_tick(self, now_s: float) -> None:
        """Asks a silent client for a sign of life, and ends one that gives none."""
        self._controls = 0
        # A client that we do not read cannot be heard.
        was_heard = self._link.heard or self._must_wait()
        self._link.heard = False
        step = self._keepalive.tick(now_s, was_heard)
        if step is Step.PING and self._is_open:
            self._link.send(_PING_FRAME)
        elif step is Step.GIVE_UP:
            self._link.abort()
