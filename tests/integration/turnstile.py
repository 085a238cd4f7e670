"""A proxy in front of a store that lets exactly so many bytes through, and then no more in either direction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from proof.loopback import listening, receive, send


@attrs.define(eq=False)
class Count:
    """What went one way since it was last set, up to its limit; ``kept`` is what came after that."""

    limit: int | None = None
    passed: bytearray = attrs.field(factory=bytearray)
    kept: bytearray = attrs.field(factory=bytearray)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may pass."""
        return self.limit is not None and len(self.passed) >= self.limit

    def admit(self, data: bytes, *, shut: bool) -> bytes:
        """The part of the data that passes."""
        free = 0 if shut else len(data) if self.limit is None else self.limit - len(self.passed)
        self.passed += data[:free]
        self.kept += data[free:]
        return data[:free]


@attrs.define(eq=False)
class Turnstile:
    """Forwards a loopback port to a unix socket; made for one connection at a time.

    Args:
        asked_at: how much had come down when each piece went up.
        open_down: set unless what comes down has to wait.
        reached: set when a limit is.
        lingers: the server is not told that the client has ended, until ``hand_over``.
    """

    path: str
    port: int = 0
    up: Count = attrs.field(factory=Count)
    down: Count = attrs.field(factory=Count)
    asked_at: list[int] = attrs.field(factory=list)
    open_down: trio.Event = attrs.field(factory=trio.Event)
    reached: trio.Event = attrs.field(factory=trio.Event)
    lingers: bool = False
    _shut: bool = False
    _rest: trio.Event = attrs.field(factory=trio.Event)
    _answered: trio.Event = attrs.field(factory=trio.Event)

    @property
    def url(self) -> str:
        """Where a client connects."""
        return f"redis://127.0.0.1:{self.port}"

    def set(self, up: int | None = None, down: int | None = None, *, holds_down: bool = False) -> None:
        """Counts anew, with limits; ``holds_down``: what comes down waits until something goes up."""
        self.up, self.down, self.asked_at = Count(up), Count(down), []
        self.reached, self.open_down = trio.Event(), trio.Event()
        self._rest, self._answered = trio.Event(), trio.Event()
        self.lingers = self._shut = False
        if not holds_down:
            self.open_down.set()

    async def hand_over(self) -> None:
        """Lets through what was kept of a client that has ended, and waits for the answer that nobody gets."""
        self._rest.set()
        await self._answered.wait()

    async def serve(self, client: trio.SocketStream) -> None:
        """Forwards one connection until either side ends it."""
        async with client, await trio.open_unix_socket(self.path) as server, trio.open_nursery() as nursery:
            nursery.start_soon(self._forward_down, server, client)
            await self._forward_up(client, server)
            nursery.cancel_scope.cancel()

    async def _forward_up(self, client: trio.SocketStream, server: trio.SocketStream) -> None:
        while data := await receive(client):
            self.asked_at.append(len(self.down.passed))
            await self._pass(self.up, data, server)
            self.open_down.set()
        if self.lingers:
            await self._rest.wait()
            await server.send_all(self.up.kept)
            await self._answered.wait()

    async def _forward_down(self, server: trio.SocketStream, client: trio.SocketStream) -> None:
        while data := await receive(server):
            await self.open_down.wait()
            await self._pass(self.down, data, client)
            if self._rest.is_set():
                self._answered.set()

    async def _pass(self, count: Count, data: bytes, sink: trio.SocketStream) -> None:
        passing = count.admit(data, shut=self._shut)
        self._shut |= count.is_full
        if passing:
            await send(sink, passing)
        if count.is_full:
            self.reached.set()


@asynccontextmanager
async def turnstile(url: str) -> AsyncIterator[Turnstile]:
    """A turnstile in front of a store at a ``unix://`` URL."""
    made = Turnstile(url.removeprefix("unix://"))
    made.set()
    async with listening(made.serve) as made.port:
        yield made
