"""Connected sockets and a running hub, for tests of what stands on them; no port, no network."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import trio

from server.net.hub import Hub


@contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours and the peer's, both non-blocking."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


@asynccontextmanager
async def running_hub(tick_s: float = 1.0) -> AsyncIterator[Hub]:
    """A hub that runs for a while."""
    hub = Hub(tick_s=tick_s)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        yield hub
        nursery.cancel_scope.cancel()
    hub.close()


async def read_exactly(theirs: socket.socket, size: int) -> bytes:
    """So many bytes from the peer's end."""
    data = b""
    while len(data) < size:
        await trio.lowlevel.wait_readable(theirs)
        data += theirs.recv(size - len(data))
    return data


async def until(condition: Callable[[], bool]) -> None:
    """Lets other tasks run until the condition holds."""
    while not condition():
        await trio.lowlevel.checkpoint()
