"""A stream in front of a WebSocket library that takes the plain data frames out, and lets a client send its own.

trio-websocket spends about 100 µs on a message, most of a bot's time; with hundreds of bots next to the servers they
measure, the bots would be what is measured. It keeps the handshake, control frames, closing and everything unusual.
Must not know messages. Invariant: each call of ``send_all`` and ``send_frame`` puts whole frames on the wire, one after
the other.
"""

from __future__ import annotations

import os

import attrs
import trio

from client_bot.frames import Splitter, masked_frame

# A bot that is busy stops reading, so that the server feels it, and its memory stays bounded.
MOST_WAITING = 1024


@attrs.define(eq=False)
class Tap(trio.abc.Stream):
    """The stream given to the library.

    Args:
        stream: the connection.
        longest_bytes: see ``Splitter``.
        most_waiting: payloads that wait to be taken until it stops reading.
    """

    stream: trio.abc.Stream
    longest_bytes: int
    most_waiting: int = MOST_WAITING
    payloads: list[bytes] = attrs.field(factory=list, init=False)
    _splitter: Splitter = attrs.field(init=False)
    _sending: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _listeners: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _readers: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)

    def __attrs_post_init__(self) -> None:
        self._splitter = Splitter(self.longest_bytes)

    # ---- for the owner of the connection -------------------------------------------------------------------------

    async def wait(self) -> None:
        """Returns when there may be something new to take."""
        await self._listeners.park()

    def announce(self) -> None:
        """There is something new: wakes who waits."""
        self._listeners.unpark_all()

    def take(self) -> list[bytes]:
        """The payloads that wait, oldest first; makes room for more."""
        payloads, self.payloads = self.payloads, []
        self._readers.unpark_all()
        return payloads

    async def send_frame(self, payload: bytes, is_text: bool) -> None:
        """Sends a payload as a frame. Raises: trio.BrokenResourceError, trio.ClosedResourceError."""
        frame = masked_frame(payload, is_text, os.urandom(4))
        async with self._sending:
            await self.stream.send_all(frame)

    # ---- for the library -----------------------------------------------------------------------------------------

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """What is not a plain data frame; returns only when there is some, or at the end."""
        while True:
            while len(self.payloads) >= self.most_waiting:
                await self._readers.park()
            data = await self.stream.receive_some(max_bytes)
            if not data:
                return data
            passed = self._splitter.feed(data, self.payloads)
            if self.payloads:
                self.announce()
            if passed:
                return passed

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Sends whole frames of the library's."""
        async with self._sending:
            await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """As the connection's."""
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Closes the connection."""
        await self.stream.aclose()
