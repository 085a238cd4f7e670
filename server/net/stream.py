"""What trio-websocket takes for the network: a Trio stream fed with a handshake and the unusual part of the traffic.

The client's own handshake was answered long before: the library gets one made up for it, and its answer goes nowhere.
Its reader waits here, never on the socket, so no data frame of the fast path can reach it by accident.
It gets one frame, or one piece of a fragmented frame, a call: whether a Ping may still be answered is then
decided at the moment it is handed over. Knows links and raw bytes. Invariant: order is kept, and after ``hush`` no Ping
is handed over (answering one after our Close is an error that ends trio-websocket's reader).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs
import trio

from server.net.frames import CLOSE, PING
from server.net.link import Link
from server.net.splitter import Raw

_CLOSE_HEAD = 0x80 | CLOSE
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: node\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_MAX_WAITING_BYTES = 65_536


@attrs.define(eq=False)
class ClientStream(trio.abc.Stream):
    """The stream of one client.

    Args:
        link: takes what is sent.
        on_spare: called when the waiting bytes have been taken after ``is_full``.
    """

    _link: Link
    _on_spare: Callable[[], None]
    close_sent: bool = attrs.field(init=False, default=False)
    is_full: bool = attrs.field(init=False, default=False)
    _has_asked: bool = attrs.field(init=False, default=False)
    _answered: trio.Event = attrs.field(init=False, factory=trio.Event)
    _waiting: deque[Raw] = attrs.field(init=False, factory=deque)
    _waiting_bytes: int = attrs.field(init=False, default=0)
    _hushed: bool = attrs.field(init=False, default=False)
    _end: bool | None = attrs.field(init=False, default=None)
    _arrived: trio.Event = attrs.field(init=False, factory=trio.Event)

    def push(self, raw: Raw) -> None:
        """Adds received bytes; when ``is_full`` holds afterwards, push no more until ``on_spare``."""
        self._waiting.append(raw)
        self._waiting_bytes += len(raw.data)
        self.is_full = self._waiting_bytes > _MAX_WAITING_BYTES
        self._arrived.set()

    def push_end(self, broken: bool) -> None:
        """Marks the end of what is received, orderly or ``broken``."""
        self._end = broken
        self._arrived.set()

    def hush(self) -> None:
        """Drops Pings from now on: we said, or are about to say, Close."""
        self._hushed = True

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if not self._has_asked:
            await trio.lowlevel.checkpoint()
            self._has_asked = True
            return _HANDSHAKE
        # Frames that reached the library before it has answered would be lost.
        await self._answered.wait()
        while True:
            if not self._waiting and self._end is None:
                self._arrived = trio.Event()
            await self._arrived.wait()
            data = self._pop(max_bytes)
            if data is not None:
                return data

    def _pop(self, max_bytes: int | None) -> bytes | None:
        """The next piece; empty at the end; None if there was only something to drop."""
        if not self._waiting:
            if self._end:
                raise trio.BrokenResourceError("connection lost")
            return None if self._end is None else b""
        raw = self._waiting.popleft()
        if max_bytes is not None and len(raw.data) > max_bytes:
            self._waiting.appendleft(attrs.evolve(raw, data=raw.data[max_bytes:]))
            raw = attrs.evolve(raw, data=raw.data[:max_bytes])
        self._waiting_bytes -= len(raw.data)
        if self.is_full and not self._waiting:
            self.is_full = False
            self._on_spare()
        return None if self._hushed and raw.opcode == PING else raw.data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        # Cancelled here, nothing was accepted; cancelled below, the link still sends every byte in order.
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._answered.is_set():
            self._answered.set()
            return
        whole = bytes(data)
        self.close_sent = self.close_sent or whole[0] == _CLOSE_HEAD
        self._link.send(whole)
        await self.wait_send_all_might_not_block()

    async def wait_send_all_might_not_block(self) -> None:
        await self._link.drain()
        if self._link.is_closed:
            raise trio.BrokenResourceError("connection lost")

    async def aclose(self) -> None:
        # The connection closes the socket: it knows which last bytes are still to be sent.
        await trio.lowlevel.checkpoint()
