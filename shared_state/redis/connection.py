"""One connection to the store, from open socket to broken: the only module that has a store socket.

How it works: a command is written at once, without blocking, by the task that calls; only what the socket does not
take is left to a writer task. One task waits for the socket to become readable, receives, parses and wakes the
callers. Trio's streams would do, at twice the processor time per call. A watch counts ticks of its own rather than
comparing clocks, so a process that was stopped for a while does not take its own silence for the store's.
Must not know: what the commands mean, how to connect again. Invariant: once broken it stays broken.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import attrs
import hiredis
import outcome
import trio

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.barrier import Barrier
from shared_state.redis.durability import Hold
from shared_state.redis.pipeline import SUBSCRIBED, UNSUBSCRIBED, ChannelSlot, Pipeline, Slot
from shared_state.redis.subscriptions import Subscriptions

RECEIVE_BYTES = 256 * 1024
"""At most at once; above a record of TLS (redis/tls.py)."""
MAX_WAITING = 100_000
"""Commands without an answer; more are refused as unavailable."""


@attrs.frozen
class Patience:
    """When silence is too long: idle, a connection is pinged after ``ping_ticks``; it is dropped after ``drop_ticks``.

    The defaults notice a half-open connection within 5 s.
    """

    tick_s: float = 0.25
    ping_ticks: int = 8
    drop_ticks: int = 18


class Call:
    """The slot of one call. A caller that is cancelled leaves it, and the reply goes nowhere."""

    __slots__ = ("task",)

    def __init__(self, task: trio.lowlevel.Task | None) -> None:
        self.task = task

    def deliver(self, reply: Any) -> None:
        """Wakes the caller with the reply, or the error."""
        if self.task is not None:
            result = outcome.Error(reply) if isinstance(reply, StoreError) else outcome.Value(reply)
            trio.lowlevel.reschedule(self.task, result)

    def abandon(self, _: object) -> trio.lowlevel.Abort:
        """The caller was cancelled."""
        self.task = None
        return trio.lowlevel.Abort.SUCCEEDED


class Connection:
    """A connected socket and what is going on over it.

    Args:
        connected: a non-blocking stream socket; closed with ``close``.
        subscriptions: told of confirmations and messages.
        on_broken: called once, before the calls that wait are failed: what they do next must not come here.
    """

    def __init__(
        self,
        connected: socket.socket,
        subscriptions: Subscriptions,
        patience: Patience,
        on_broken: Callable[[], None],
    ) -> None:
        self._socket = connected
        self._subscriptions = subscriptions
        self._patience = patience
        self._on_broken = on_broken
        self._pipeline = Pipeline(subscriptions)
        self._barrier = Barrier(self._submit)
        self._unsent = bytearray()
        self._backlog = trio.Event()
        self._silent_ticks = 0
        self._scope = trio.CancelScope()
        self.broken_by = ""

    async def run(self) -> None:
        """Moves bytes until the connection breaks; ``broken_by`` then says why."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read)
                nursery.start_soon(self._write)
                nursery.start_soon(self._watch)

    async def call(self, *args: str | bytes | int | float) -> Any:
        """Sends a command and waits for its reply. Raises: StoreError."""
        call = Call(trio.lowlevel.current_task())
        self._submit(call, args)
        return await trio.lowlevel.wait_task_rescheduled(call.abandon)

    async def call_asking(self, *args: str | bytes | int | float) -> Any:
        """The same, of a slot that is still on its way to this node. Raises: StoreError."""
        self._submit(Call(None), ("ASKING",))
        return await self.call(*args)

    async def call_held(self, hold: Hold, *args: str | bytes | int | float) -> Any:
        """The same, and waits until what it wrote is held. Raises: StoreError."""
        call = Call(trio.lowlevel.current_task())
        self._submit(call, args)
        wave = self._barrier.join(hold)
        reply = await trio.lowlevel.wait_task_rescheduled(call.abandon)
        await wave.passed()
        return reply

    def subscribe(self, channel: bytes) -> None:
        """Asks for a channel; the subscriptions are told when it is confirmed."""
        self._submit(ChannelSlot(SUBSCRIBED, channel, self._subscriptions), ("SSUBSCRIBE", channel))

    def unsubscribe(self, channel: bytes) -> None:
        """Gives a channel up."""
        self._submit(ChannelSlot(UNSUBSCRIBED, channel, self._subscriptions), ("SUNSUBSCRIBE", channel))

    def break_off(self, reason: str) -> None:
        """Ends the connection; every call that waits fails with the reason."""
        if not self.broken_by:
            self.broken_by = reason
            self._scope.cancel()
            self._on_broken()
            self._pipeline.break_off(reason)

    def close(self) -> None:
        """Closes the socket, after ``run`` has ended."""
        self.break_off("the link was closed")
        self._socket.close()

    def _submit(self, slot: Slot, args: tuple[str | bytes | int | float, ...]) -> None:
        slots = self._pipeline.slots
        if self.broken_by:
            raise StoreUnavailable(self.broken_by)
        if len(slots) >= MAX_WAITING:
            raise StoreUnavailable("too many commands are waiting for the store")
        data = hiredis.pack_command(args)  # type: ignore[arg-type]  # its stub knows tuples of one only
        slots.append(slot)  # only now: a slot for what was never sent would shift all replies
        self._send(data)

    def _send(self, data: bytes) -> None:
        sent = 0 if self._unsent else self._send_now(data)
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]
            self._backlog.set()

    def _send_now(self, data: bytes | bytearray) -> int:
        """Returns: how many bytes the socket took. A broken socket is left to the reader, which learns of it too."""
        try:
            return self._socket.send(data)
        except OSError:
            return 0

    async def _write(self) -> None:
        while True:
            await self._backlog.wait()
            await trio.lowlevel.wait_writable(self._socket)
            del self._unsent[: self._send_now(self._unsent)]
            if not self._unsent:
                self._backlog = trio.Event()

    async def _read(self) -> None:
        while not self.broken_by:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except OSError as error:
                self.break_off(f"connection to the store lost: {error}")
            else:
                self._receive(data)

    def _receive(self, data: bytes) -> None:
        if not data:
            self.break_off("the store closed the connection")
            return
        self._silent_ticks = 0
        try:
            self._take(data)
        except StoreUnavailable as error:
            self.break_off(str(error))

    def _take(self, data: bytes) -> None:
        self._pipeline.feed(data)
        while self._pipeline.lost:
            self.subscribe(self._pipeline.lost.pop())

    async def _watch(self) -> None:
        while True:
            await trio.sleep(self._patience.tick_s)
            self._silent_ticks += 1
            if self._silent_ticks >= self._patience.drop_ticks:
                self.break_off("the store does not answer")
            elif self._silent_ticks >= self._patience.ping_ticks and not self._pipeline.slots:
                self._submit(Call(None), ("PING",))
