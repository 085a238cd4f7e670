"""The bots' ends of their connections, on which things happen: resets, half-open connections, clients that do not read.

They are the sockets themselves: one more hop for every frame of hundreds of bots would cost more processor time than
the nodes have. Invariant: while nothing is done, a link is its socket.
"""

from __future__ import annotations

import random

import attrs
import trio

from client_bot.connection import Address
from proof.relay import reset

SHARE = 1 / 3
"""Of the bots that something happens to."""


@attrs.define(eq=False)
class ClientLink(trio.abc.Stream):
    """One connection of a bot.

    Args:
        hangs: nothing is sent or received any more, and nobody is told.
        stalled_until_s: until then it does not read; what is on its way fills the buffers, back to the node.
    """

    stream: trio.SocketStream
    links: set[ClientLink]
    hangs: bool = False
    stalled_until_s: float = 0.0
    _closed: trio.Event = attrs.field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.links.add(self)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """As of a socket."""
        await self._may_read()
        data = await self.stream.receive_some(max_bytes)
        if self.hangs:
            await self._may_read()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As of a socket."""
        if not self.hangs:
            await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As of a socket."""
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Closes the socket."""
        self.links.discard(self)
        self._closed.set()
        await self.stream.aclose()

    async def reset(self) -> None:
        """Ends the connection in the middle of whatever was on its way, unless it is over already."""
        if not self._closed.is_set():
            reset(self.stream.socket)
            await trio.aclose_forcefully(self)

    async def _may_read(self) -> None:
        if self.hangs:
            await self._closed.wait()
            raise trio.ClosedResourceError("this link was closed")
        with trio.move_on_at(self.stalled_until_s):
            await self._closed.wait()


@attrs.define(eq=False)
class ClientLinks:
    """All connections that bots have now."""

    chance: random.Random
    _links: set[ClientLink] = attrs.field(factory=set)

    async def dial(self, address: Address) -> trio.abc.Stream:
        """Connects a bot. Raises: OSError."""
        return ClientLink(await trio.open_tcp_stream(address.host, address.port), self._links)

    def all(self) -> list[ClientLink]:
        """All of them."""
        return sorted(self._links, key=lambda link: link.stream.socket.fileno())

    def some(self) -> list[ClientLink]:
        """A third of them, by chance."""
        links = self.all()
        return self.chance.sample(links, round(len(links) * SHARE))
