"""A node's way to the store, on which things happen: delays, cuts, silence either way, messages lost and doubled.

A loopback port that is forwarded to the store's unix socket, cut between replies. What happens is what the network and
the store's outgoing buffers can do to a link; no byte is changed.
Invariant: while nothing is set, bytes pass in order and at once.
"""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from proof.loopback import listening, receive, send
from proof.resp import is_delta, reply_end
from server.launch.ports import LOOPBACK

MOST_WAITING = 10_000
NO_LINGERING = struct.pack("ii", 1, 0)


def reset(sock: trio.socket.SocketType) -> None:
    """Has the next close of a socket be a reset: what was on the way is lost."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)


@attrs.define(eq=False)
class Relay:
    """One node's link.

    Args:
        path: the store's socket.
        delay_s: by which replies come late.
        mute_until_s: until then (Trio's clock) requests wait here, while replies and messages pass.
        drops, doubles: so many of the next published messages vanish, or come twice.
    """

    path: str
    port: int = 0
    delay_s: float = 0.0
    mute_until_s: float = -math.inf
    drops: int = 0
    doubles: int = 0
    _connections: set[Connection] = attrs.field(factory=set)

    @property
    def url(self) -> str:
        """Where the node connects."""
        return f"redis://{LOOPBACK}:{self.port}"

    def cut(self, resets: bool) -> None:
        """Ends all connections, in order or by a reset; new ones may be made."""
        for connection in self._connections:
            if resets:
                reset(connection.client.socket)
            connection.scope.cancel()

    def hang(self) -> None:
        """Makes all present connections half-open: what is sent goes nowhere, and nothing comes."""
        for connection in self._connections:
            connection.hangs = True

    async def serve(self, client: trio.SocketStream) -> None:
        """Forwards one connection until either side ends it."""
        async with client:
            try:
                server = await trio.open_unix_socket(self.path)
            except OSError:
                return
            async with server:
                await self._forward(Connection(self, client, server))

    async def _forward(self, connection: Connection) -> None:
        self._connections.add(connection)
        try:
            with connection.scope:
                await connection.run()
        finally:
            self._connections.discard(connection)

    def pass_on(self, replies: list[bytes]) -> bytes:
        """What of some replies reaches the node."""
        if not self.drops and not self.doubles:
            return b"".join(replies)
        return b"".join(map(self._meddle, replies))

    def _meddle(self, reply: bytes) -> bytes:
        if not is_delta(reply):
            return reply
        if self.drops:
            self.drops -= 1
            return b""
        if self.doubles:
            self.doubles -= 1
            return reply * 2
        return reply


@attrs.define(eq=False)
class Connection:
    """One connection through a relay."""

    relay: Relay
    client: trio.SocketStream
    server: trio.SocketStream
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    hangs: bool = False

    async def run(self) -> None:
        """Forwards both ways; ends with the first side that does."""
        async with trio.open_nursery() as nursery:
            to_later, later = trio.open_memory_channel[tuple[float, bytes]](MOST_WAITING)
            nursery.start_soon(self._deliver, later)
            nursery.start_soon(self._take_replies, to_later, nursery.cancel_scope)
            await self._take_requests()
            nursery.cancel_scope.cancel()

    async def _take_requests(self) -> None:
        while data := await receive(self.client):
            while trio.current_time() < self.relay.mute_until_s:  # noqa: ASYNC110  (it may be put off meanwhile)
                await trio.sleep_until(self.relay.mute_until_s)
            if not self.hangs:
                await send(self.server, data)

    async def _take_replies(
        self, to_later: trio.MemorySendChannel[tuple[float, bytes]], scope: trio.CancelScope
    ) -> None:
        begun = bytearray()
        while data := await receive(self.server):
            begun += data
            passed = self.relay.pass_on(whole_replies(begun))
            await to_later.send((trio.current_time() + self.relay.delay_s, passed))
        scope.cancel()

    async def _deliver(self, later: trio.MemoryReceiveChannel[tuple[float, bytes]]) -> None:
        async for due_s, data in later:
            await trio.sleep_until(due_s)
            if not self.hangs:
                await send(self.client, data)


@asynccontextmanager
async def relayed(path: str) -> AsyncGenerator[Relay, None]:
    """A relay to a store's socket, open while the context is."""
    relay = Relay(path)
    async with listening(relay.serve) as relay.port:
        yield relay


def whole_replies(begun: bytearray) -> list[bytes]:
    """Takes the whole replies out of what has come."""
    replies = []
    at = 0
    while at < len(begun):
        end = reply_end(begun, at)
        if end is None:
            break
        replies.append(bytes(begun[at:end]))
        at = end
    del begun[:at]
    return replies
