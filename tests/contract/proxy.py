"""A TCP proxy in front of a store that delays, freezes and cuts connections as a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from proof.loopback import listening, receive, send


@attrs.define(eq=False)
class Proxied:
    """One connection through the proxy. ``frozen``: bytes are taken and go nowhere, and nothing is closed."""

    client: trio.SocketStream
    server: trio.SocketStream
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    frozen: bool = False


@attrs.define(eq=False)
class Proxy:
    """Forwards a loopback port to a unix socket.

    Args:
        delay_s: of replies.
        cut_replies: close a connection instead of forwarding its next reply.
        is_cut_off: later connections are frozen, too.
    """

    path: str
    port: int = 0
    delay_s: float = 0.0
    cut_replies: bool = False
    is_cut_off: bool = False
    cuts: int = 0
    connections: list[Proxied] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        """Where a client connects."""
        return f"redis://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Makes all present connections half-open; later ones work."""
        for connection in self.connections:
            connection.frozen = True

    def cut_off(self) -> None:
        """Makes all connections half-open, later ones too, until they are ended by ``reconnect``."""
        self.is_cut_off = True
        self.freeze()

    def reconnect(self) -> None:
        """Ends the frozen connections; new ones work."""
        self.is_cut_off = False
        for connection in self.connections:
            connection.scope.cancel()

    async def serve(self, client: trio.SocketStream) -> None:
        """Forwards one connection until either side ends it."""
        async with client, await trio.open_unix_socket(self.path) as server:
            connection = Proxied(client, server, frozen=self.is_cut_off)
            self.connections.append(connection)
            with connection.scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._forward_requests, connection)
                    nursery.start_soon(self._forward_replies, connection, nursery)
            self.connections.remove(connection)

    async def _forward_requests(self, connection: Proxied) -> None:
        while data := await receive(connection.client):
            if not connection.frozen:
                await send(connection.server, data)
        connection.scope.cancel()

    async def _forward_replies(self, connection: Proxied, nursery: trio.Nursery) -> None:
        to_later, later = trio.open_memory_channel[tuple[float, bytes]](10_000)
        nursery.start_soon(self._deliver, connection, later)
        while data := await receive(connection.server):
            if self.cut_replies:
                self.cut_replies = False
                self.cuts += 1
                break
            await to_later.send((trio.current_time() + self.delay_s, data))
        connection.scope.cancel()

    async def _deliver(self, connection: Proxied, later: trio.MemoryReceiveChannel[tuple[float, bytes]]) -> None:
        async for due_s, data in later:
            await trio.sleep_until(due_s)
            if not connection.frozen:
                await send(connection.client, data)


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of a store at a ``unix://`` URL."""
    proxy = Proxy(url.removeprefix("unix://"))
    async with listening(proxy.serve) as proxy.port:
        yield proxy
