"""One WebSocket connection of a bot: opens it, moves payloads, tells how it ended.

The only module that knows trio-websocket, which here does all but the plain data frames (``tap``). Must not know
messages. Invariant: no error of the library leaves this module (one failing connection must not end a swarm): one that
cannot be opened raises ``UnreachableError``, one that ends is a ``Closed`` value.
"""

from __future__ import annotations

import math
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from client_bot.backoff import ABNORMAL
from client_bot.tap import Tap
from server.wire.codec import Codec

HANDSHAKE_S = 10.0
CLOSE_S = 2.0
# A node's first `cells` of a crowded view is far above the library's default of 1 MiB.
MAX_MESSAGE_BYTES = 64 << 20
RECEIVE_BYTES = 64 << 10
LONGEST_RETRY_AFTER_S = 60.0
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


@attrs.frozen
class Closed:
    """A connection ended, with the WebSocket close code and reason."""

    code: int
    reason: str = ""


class UnreachableError(Exception):
    """No connection could be opened; ``may_pass`` when trying again makes sense, but not before ``retry_after_s``."""

    def __init__(self, text: str, may_pass: bool, retry_after_s: float = 0.0) -> None:
        super().__init__(text)
        self.may_pass = may_pass
        self.retry_after_s = retry_after_s


@attrs.frozen
class Address:
    """Where a world is served."""

    is_tls: bool
    host: str
    port: int
    resource: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address in a ``ws:`` or ``wss:`` URL. Raises: ValueError."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise ValueError(f"{url!r} is not a WebSocket address such as ws://127.0.0.1:8080/ws/bay")
        is_tls = parts.scheme == "wss"
        resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(is_tls, parts.hostname, parts.port or (443 if is_tls else 80), resource)

    @property
    def host_header(self) -> str:
        """Host and port as HTTP wants them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{'wss' if self.is_tls else 'ws'}://{self.host_header}{self.resource}"


Dial: TypeAlias = Callable[[Address], Awaitable[trio.abc.Stream]]


async def dial_tcp(address: Address) -> trio.abc.Stream:
    """A connected stream, encrypted when the address says so. Raises: OSError."""
    if address.is_tls:
        return await trio.open_ssl_over_tcp_stream(address.host, address.port, https_compatible=True)
    return await trio.open_tcp_stream(address.host, address.port)


@attrs.define(eq=False)
class Line:
    """An open connection that carries whole payloads of one codec."""

    _socket: WebSocketConnection
    _tap: Tap
    _is_text: bool
    _closed: Closed | None = attrs.field(default=None, init=False)

    async def send(self, payload: bytes) -> None:
        """Sends a payload; does nothing on a closed connection, whose end ``receive`` tells."""
        if self._socket.closed is not None:
            return
        try:
            await self._tap.send_frame(payload, self._is_text)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def receive(self) -> list[bytes] | Closed:
        """The payloads that came since the last call, at least one, or how the connection ended."""
        while not self._tap.payloads:
            if self._closed is not None:
                return self._closed
            await self._tap.wait()
        return self._tap.take()

    def hold(self, payloads: int) -> None:
        """Stops reading when so many payloads wait to be received."""
        self._tap.most_waiting = payloads

    async def close(self) -> None:
        """Closes the connection; a peer that does not answer is not waited for long."""
        with trio.move_on_after(CLOSE_S):
            await self._socket.aclose()

    async def sever(self, why: str) -> None:
        """Ends the connection without a word to a peer that does not answer any more."""
        self._closed = self._closed or Closed(ABNORMAL, why)
        await trio.aclose_forcefully(self._tap)
        self._tap.announce()

    async def attend(self) -> None:
        """Takes what reaches the library: messages that were not plain, and the end. Runs beside the user."""
        while self._closed is None:
            try:
                message = await self._socket.get_message()
            except ConnectionClosed as error:
                self._closed = self._closed or _closed(error)
            else:
                self._tap.payloads.append(message.encode() if isinstance(message, str) else message)
            self._tap.announce()


async def visit(address: Address, codec: Codec, dial: Dial, talk: Callable[[Line], Awaitable[Closed]]) -> Closed:
    """Opens a connection, runs ``talk`` on it and closes it; returns how it ended. Raises: UnreachableError."""
    endings: list[Closed] = []
    trouble: list[BaseException] = []

    async def converse(line: Line) -> None:
        endings.append(await talk(line))

    try:
        await _open(address, codec, dial, converse)
    except* (OSError, trio.TooSlowError, trio.BrokenResourceError, ConnectionRejected, UnreachableError) as group:
        trouble.extend(_leaves(group))
    except* (LocalProtocolError, RemoteProtocolError) as group:
        # trio-websocket's reader raises when a ping arrives while it closes (its issue 184).
        endings.append(Closed(ABNORMAL, f"protocol error: {_leaves(group)[0]}"))
    if trouble:
        raise _unreachable(address, trouble[0])
    return endings[0]


async def _open(address: Address, codec: Codec, dial: Dial, converse: Callable[[Line], Awaitable[None]]) -> None:
    with trio.CancelScope() as handshake:
        handshake.deadline = trio.current_time() + HANDSHAKE_S
        async with Tap(await dial(address), MAX_MESSAGE_BYTES) as tap, trio.open_nursery() as nursery:
            # The library wants to know the socket type for its `Endpoint`s only, which bots do not ask for.
            socket = await wrap_client_stream(
                nursery,
                tap,  # type: ignore[arg-type]
                address.host_header,
                address.resource,
                subprotocols=[codec.subprotocol],
                max_message_size=MAX_MESSAGE_BYTES,
                receive_buffer_size=RECEIVE_BYTES,
            )
            handshake.deadline = math.inf
            if socket.subprotocol != codec.subprotocol:
                raise UnreachableError(f"{address} does not speak {codec.subprotocol}", may_pass=False)
            line = Line(socket, tap, codec.is_text)
            nursery.start_soon(line.attend)
            await converse(line)
            await line.close()
            nursery.cancel_scope.cancel()
    if handshake.cancelled_caught:
        raise trio.TooSlowError


def _unreachable(address: Address, error: BaseException) -> UnreachableError:
    if isinstance(error, UnreachableError):
        return error
    if isinstance(error, ConnectionRejected):
        text = f"{address} refused the connection with HTTP status {error.status_code}"
        return UnreachableError(text, error.status_code in PASSING_STATUSES, _retry_after_s(error))
    if isinstance(error, trio.TooSlowError):
        return UnreachableError(f"{address} did not complete the handshake in {HANDSHAKE_S:.0f} s", True)
    return UnreachableError(f"{address} cannot be reached: {error}", True)


def _retry_after_s(error: ConnectionRejected) -> float:
    """What the server asks for, in seconds; dates, which HTTP allows too, are not understood."""
    values = [value for name, value in error.headers or () if name.lower() == b"retry-after"]
    return min(float(values[0]), LONGEST_RETRY_AFTER_S) if values and values[0].isdigit() else 0.0


def _closed(error: ConnectionClosed) -> Closed:
    if error.reason is None:
        return Closed(ABNORMAL)
    return Closed(int(error.reason.code), error.reason.reason or "")


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return leaves
