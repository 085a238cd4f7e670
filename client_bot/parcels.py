"""Values on a pipe between a fleet and its members, which are processes of one program and trust each other.

Invariant: a parcel arrives whole or not at all.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any

import attrs
import trio

READY, START, STOP = "ready", "start", "stop"
_LENGTH = struct.Struct("!I")


@attrs.frozen
class NoRun:
    """A member had no run, and why."""

    text: str
    may_pass: bool


async def send_parcel(stream: trio.abc.SendStream, value: object) -> None:
    """Sends a value. Raises: trio.BrokenResourceError, trio.ClosedResourceError."""
    packed = pickle.dumps(value)
    await stream.send_all(_LENGTH.pack(len(packed)) + packed)


@attrs.define(eq=False)
class Parcels:
    """The values that come in on a pipe."""

    stream: trio.abc.ReceiveStream
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    async def receive(self) -> Any:
        """The next value; None at the end. Raises: trio.BrokenResourceError."""
        head = await self._take(_LENGTH.size)
        body = await self._take(_LENGTH.unpack(head)[0]) if head else b""
        return pickle.loads(body) if body else None

    async def _take(self, size: int) -> bytes:
        """So many bytes; none when the pipe ends before."""
        while len(self._buffer) < size:
            data = await self.stream.receive_some()
            if not data:
                return b""
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
