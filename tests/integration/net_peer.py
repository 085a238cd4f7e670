"""A client made of a bare socket, for tests of server.net that need to misbehave; and the server they talk to."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
import trio

from server.net.front import WebSocketApp
from server.net.http import Routes
from server.net.limits import Limits
from server.net.listener import Boundary, serve
from tests.unit.net import masked

HANDSHAKE = (
    b"GET /ws/bay HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: oarlock.v1.json, oarlock.v1.msgpack\r\n\r\n"
)
LOST, NO_CODE = -1, 1005


@attrs.define(eq=False)
class Peer:
    """One client; ``received`` has what was read but not yet parsed."""

    stream: trio.SocketStream
    received: bytearray = attrs.field(factory=bytearray)

    async def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        await self.stream.send_all(data)

    async def read_head(self) -> bytes:
        """A response's head."""
        while b"\r\n\r\n" not in self.received:
            await self.read_more()
        head, _, rest = bytes(self.received).partition(b"\r\n\r\n")
        self.received[:] = rest
        return head

    async def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame; it must be whole, final and unmasked. (LOST, b"") at the end."""
        if not await self._fill(2):
            assert not self.received, "half a frame"
            return LOST, b""
        first, size = self.received[0], self.received[1]
        assert first & 0xF0 == 0x80, "a final frame"
        assert first & 0x0F in (1, 2, 8, 9, 10), "a known opcode"
        start = 2 if size < 126 else 4 if size == 126 else 10
        assert await self._fill(start), "half a frame"
        size = size if size < 126 else int.from_bytes(self.received[2:start], "big")
        assert await self._fill(start + size), "half a frame"
        payload = bytes(self.received[start : start + size])
        del self.received[: start + size]
        return first & 0x0F, payload

    async def read_close(self) -> int:
        """Skips frames up to the Close and gives its code, NO_CODE if it has none; LOST if there was no Close."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == 8:
                return int(struct.unpack(">H", payload[:2])[0]) if payload else NO_CODE
            if opcode == LOST:
                return LOST

    async def echo(self, payload: bytes) -> bytes:
        """Sends a binary message and gives the next message."""
        await self.send(masked.binary(payload))
        return (await self.read_frame())[1]

    def reset(self) -> None:
        """Ends with a TCP reset."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.socket.close()

    async def wait_gone(self) -> None:
        """Reads until the server has closed the socket."""
        while await self.read_more():
            pass

    async def _fill(self, size: int) -> bool:
        while len(self.received) < size:
            if not await self.read_more():
                return False
        return True

    async def skip_body(self, size: int) -> None:
        """Takes a body of that size away; there is none if the next response follows, or the end: that was a HEAD."""
        start = b"HTTP/1.1 "[:size]
        if await self._fill(len(start)) and not self.received.startswith(start):
            await self._fill(size)
            del self.received[:size]

    async def read_more(self) -> bool:
        """Reads what arrives next; False at the end."""
        try:
            data = await self.stream.receive_some(65_536)
        except trio.BrokenResourceError:
            return False
        self.received += data
        return bool(data)


async def connect(port: int) -> Peer:
    """A bare TCP connection."""
    return Peer(await trio.open_tcp_stream("127.0.0.1", port))


async def join(port: int, behind: bytes = b"") -> Peer:
    """A client whose WebSocket is open; ``behind`` is sent in the same segment as the handshake."""
    peer = await connect(port)
    await peer.send(HANDSHAKE + behind)
    assert (await peer.read_head()).startswith(b"HTTP/1.1 101 ")
    return peer


@asynccontextmanager
async def serving(
    app: WebSocketApp, limits: Limits, *, routes: Routes | None = None, boundary: Boundary | None = None
) -> AsyncIterator[int]:
    """Serves on a port of its own, which it gives."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    options: dict[str, Any] = {} if boundary is None else {"boundary": boundary}
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, listeners, routes or Routes(), app, limits, **options))
        yield int(listeners[0].socket.getsockname()[1])
        nursery.cancel_scope.cancel()
    for listener in listeners:
        await listener.aclose()


async def eventually(condition: Callable[[], bool]) -> None:
    """Waits, within the test's own deadline, until the condition holds."""
    # The condition lies inside the server: there is no event of it to wait for.
    while not condition():  # noqa: ASYNC110
        await trio.sleep(0.01)
