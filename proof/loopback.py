"""A port of this machine that stands in front of something, and bytes that pass through, whoever has gone meanwhile.

Must not know: what the bytes mean. Invariant: a side that is gone is an end, not an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio

from server.launch.ports import LOOPBACK

CHUNK_BYTES = 1 << 18


@asynccontextmanager
async def listening(serve: Callable[[trio.SocketStream], Awaitable[object]]) -> AsyncGenerator[int, None]:
    """Has each connection to a port served while the context is open; gives the port."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host=LOOPBACK))
        port: int = listeners[0].socket.getsockname()[1]
        yield port
        nursery.cancel_scope.cancel()


async def receive(stream: trio.SocketStream) -> bytes:
    """What comes next; empty: nothing any more."""
    try:
        return bytes(await stream.receive_some(CHUNK_BYTES))
    except trio.BrokenResourceError:
        return b""


async def send(stream: trio.SocketStream, data: bytes) -> None:
    """Passes bytes on, if there is anybody to take them."""
    try:
        await stream.send_all(data)
    except trio.BrokenResourceError:
        return
