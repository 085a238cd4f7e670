"""Plain sockets that join a world and then only read, or hardly: thousands of them cost a process little.

Synchronous: one thread serves them, while it is in a call. What they are sent is not looked at.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable

import attrs

from server.launch.ports import LOOPBACK
from server.net.frames import BINARY, FINAL, PONG
from server.wire.codec import MSGPACK
from server.wire.messages import SUBPROTOCOL_MSGPACK, Join

AT_ONCE = 64
"""Who is on the way in at a time."""

LIMIT_S = 300.0
ROUND_S = 0.01
RECEIVE_BYTES = 1 << 18
SIGN_OF_LIFE_S = 15.0
SIGN_OF_LIFE = bytes((FINAL | PONG, 0x80)) + bytes(4)
"""Unasked, so that nothing has to be read for it."""

HANDSHAKE = (
    "GET /ws/{world} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    f"Sec-WebSocket-Protocol: {SUBPROTOCOL_MSGPACK}\r\n\r\n"
)


def join_frame(name: str, spectate: bool = False) -> bytes:
    """A frame that joins; its mask is zero."""
    payload = MSGPACK.encode(Join(name=name, spectate=spectate))
    return bytes((FINAL | BINARY, 0x80 | len(payload))) + bytes(4) + payload


@attrs.define(eq=False)
class Idlers:
    """Sockets to one world of one node.

    Args:
        join: the frame by which the one of a number joins.
        buffer_bytes: what the system keeps for one that does not read; 0: as much as it likes.
        lost: whom the node closed.
    """

    port: int
    world: str
    join: Callable[[int], bytes]
    buffer_bytes: int = 0
    open: set[socket.socket] = attrs.field(factory=set)
    lost: int = 0
    _joining: dict[socket.socket, bytes] = attrs.field(factory=dict)
    _came: int = 0
    _lives_s: float = attrs.field(factory=time.monotonic)
    _selector: selectors.DefaultSelector = attrs.field(factory=selectors.DefaultSelector)
    _room: bytearray = attrs.field(factory=lambda: bytearray(RECEIVE_BYTES))

    def come(self, count: int) -> float:
        """Joins, some at a time. Returns: how long it took, in seconds. Raises: TimeoutError."""
        started_s = time.monotonic()
        last = self._came + count
        while self._came < last or self._joining:
            while self._came < last and len(self._joining) < AT_ONCE:
                self._dial()
            self._serve()
            if time.monotonic() - started_s > LIMIT_S:
                raise TimeoutError(f"{len(self._joining)} are still joining")
        return time.monotonic() - started_s

    def stay(self, seconds: float) -> None:
        """Reads whatever comes, for a while."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._serve()

    def sip(self, size_bytes: int) -> None:
        """Each reads a little."""
        for sock in list(self.open):
            self._read(sock, size_bytes)

    def leave(self) -> None:
        """Closes all."""
        for sock in list(self.open):
            self._drop(sock)

    def _dial(self) -> None:
        sock = socket.socket()
        if self.buffer_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
        sock.connect((LOOPBACK, self.port))
        sock.setblocking(False)
        sock.send(HANDSHAKE.format(world=self.world).encode())
        self.open.add(sock)
        self._joining[sock] = self.join(self._came)
        self._came += 1
        self._selector.register(sock, selectors.EVENT_READ)

    def _serve(self) -> None:
        if time.monotonic() - self._lives_s > SIGN_OF_LIFE_S:
            self._lives_s = time.monotonic()
            for idle in self.open - self._joining.keys():
                idle.send(SIGN_OF_LIFE)
        for key, _ in self._selector.select(ROUND_S):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            self._read(sock, RECEIVE_BYTES)

    def _read(self, sock: socket.socket, size_bytes: int) -> None:
        try:
            size = sock.recv_into(self._room, size_bytes)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self.lost += 1
            self._drop(sock)
        elif sock in self._joining:
            self._proceed(sock, bytes(self._room[:size]))

    def _proceed(self, sock: socket.socket, data: bytes) -> None:
        """The answer to the handshake is answered with the join; what comes then begins with the welcome."""
        frame = self._joining[sock]
        if frame:
            sock.send(frame)
            self._joining[sock] = b""
        elif b"welcome" in data:
            del self._joining[sock]

    def _drop(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        self._joining.pop(sock, None)
        self.open.discard(sock)
        sock.close()
