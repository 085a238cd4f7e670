"""A link to one store server: calls and subscriptions that outlive the connections they travel on.

How it works: one RESP3 connection carries everything, so commits and deltas live and die together. When it breaks,
waiting calls fail (whether they took effect is unknown) and the link connects again, with full jitter on a bounded
exponential back-off. A new connection first greets, then subscribes to all channels, and only then takes calls.
Must not know: worlds, scripts. Invariant: at most one connection, and no call is ever sent twice by the link.
"""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import structlog
import trio

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.address import StoreAddress
from shared_state.redis.connection import Connection, Patience
from shared_state.redis.subscriptions import Subscriptions
from shared_state.store import DeltaListener

log = structlog.get_logger()


@attrs.frozen
class LinkTimes:
    """Times of a link, in seconds.

    Args:
        connect_s: for connecting and greeting.
        unavailable_after_s: how long a call waits for a connection.
        retry_first_s, retry_most_s: bounds of the back-off between attempts.
        stable_after_s: a connection that lived this long resets the back-off.
    """

    connect_s: float = 3.0
    unavailable_after_s: float = 2.0
    retry_first_s: float = 0.05
    retry_most_s: float = 2.0
    stable_after_s: float = 5.0
    patience: Patience = attrs.field(factory=Patience)


@attrs.define(eq=False)
class Link:
    """Calls and subscriptions on one server.

    Args:
        rng: for the jitter.
    """

    address: StoreAddress
    rng: random.Random
    times: LinkTimes = attrs.field(factory=LinkTimes)
    connections: int = 0
    _connection: Connection | None = None
    _connected: trio.Event = attrs.field(factory=trio.Event)
    _trouble: str = "not connected yet"
    _subscriptions: Subscriptions = attrs.field(factory=Subscriptions)

    async def run(self) -> None:
        """Keeps the link connected until cancelled."""
        failures = 0
        while True:
            started_s = trio.current_time()
            await self._live_once()
            stable = trio.current_time() - started_s >= self.times.stable_after_s
            failures = 1 if stable else failures + 1
            log.warning("store link down", store=str(self.address), reason=self._trouble)
            await trio.sleep(self.rng.uniform(0, self._retry_limit_s(failures)))

    async def call(self, *args: str | bytes | int | float) -> Any:
        """Sends a command and waits for its reply.

        Raises:
            StoreUnavailable: no connection, or it broke before the reply.
            StoreError: the store refused.
        """
        connection = self._connection or await self._wait_connected()
        return await connection.call(*args)

    @asynccontextmanager
    async def subscribe(self, channel: str, listener: DeltaListener) -> AsyncGenerator[None, None]:
        """Brings messages to the listener, over all reconnections; entered once the server has confirmed.

        Raises: StoreError.
        """
        name = channel.encode()
        subscription, new = self._subscriptions.add(name, listener)
        try:
            if new and self._connection is not None:
                self._connection.subscribe(name)
            with trio.move_on_after(self.times.unavailable_after_s):
                await subscription.settled.wait()
            if subscription.refusal is not None:
                raise StoreError(str(subscription.refusal))
            if not subscription.settled.is_set():
                raise StoreUnavailable(f"cannot subscribe at {self.address}: {self._trouble}")
            yield
        finally:
            if self._subscriptions.remove(name, listener) and self._connection is not None:
                self._connection.unsubscribe(name)

    def _retry_limit_s(self, failures: int) -> float:
        return float(min(self.times.retry_most_s, self.times.retry_first_s * 2 ** min(failures, 30)))

    async def _wait_connected(self) -> Connection:
        with trio.move_on_after(self.times.unavailable_after_s):
            while self._connection is None:
                await self._connected.wait()
        if self._connection is None:
            raise StoreUnavailable(f"no connection to {self.address}: {self._trouble}")
        return self._connection

    async def _live_once(self) -> None:
        """One connection, from attempt to end."""
        with trio.move_on_after(self.times.connect_s) as attempt:
            connected = await self._open()
        if attempt.cancelled_caught:
            self._trouble = "connecting took too long"
        elif connected is not None:
            await self._serve(Connection(connected, self._subscriptions, self.times.patience, self._forget))

    async def _open(self) -> socket.socket | None:
        try:
            return await self.address.open_socket()
        except OSError as error:
            self._trouble = str(error)
            return None

    async def _serve(self, connection: Connection) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.run)
                if await self._greet(connection):
                    self._take(connection)
        finally:
            connection.close()
            self._trouble = connection.broken_by

    def _forget(self) -> None:
        """The connection broke: calls wait for the next one from now on."""
        self._connection = None
        if self._connected.is_set():
            self._connected = trio.Event()
        self._subscriptions.all_lost()

    async def _greet(self, connection: Connection) -> bool:
        """Speaks the protocol's opening. False: the server did not take it, and the connection is broken off."""
        trouble = "greeting took too long"
        with trio.move_on_after(self.times.connect_s):
            try:
                await self._introduce(connection)
            except StoreError as error:
                trouble = str(error)
            else:
                return True
        connection.break_off(trouble)
        return False

    async def _introduce(self, connection: Connection) -> None:
        for command in self.address.greeting():
            await connection.call(*command)

    def _take(self, connection: Connection) -> None:
        """Subscribes before any call is let through: confirmations come first."""
        if connection.broken_by:  # by what came just behind the last reply of the greeting
            return
        for channel in self._subscriptions.channels():
            connection.subscribe(channel)
        self._connection = connection
        self._connected.set()
        self.connections += 1
        log.info("store link up", store=str(self.address))
