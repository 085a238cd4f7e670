"""A link to one store server: calls and subscriptions that outlive the connections they travel on.

How it works: one RESP3 connection carries everything, so commits and deltas live and die together. When it breaks,
waiting calls fail (whether they took effect is unknown) and the link finds the server and connects again, with full
jitter on a bounded exponential back-off. A new connection first greets, then subscribes to all channels, and only then
takes calls.
Must not know: worlds, scripts. Invariant: at most one connection, and no call is ever sent twice by the link.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.logs import log
from shared_state.redis.address import StoreAddress, Whereabouts
from shared_state.redis.connection import Connection, Patience
from shared_state.redis.durability import Hold
from shared_state.redis.server_info import check_hello, explain_greeting
from shared_state.redis.subscriptions import Subscription, Subscriptions
from shared_state.store import DeltaListener


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
    retry_most_s: float = 1.0
    stable_after_s: float = 5.0
    patience: Patience = attrs.field(factory=Patience)


def _ignore() -> None:
    """Where nobody minds."""


@attrs.define(eq=False)
class Link:
    """Calls and subscriptions on one server, or on whichever is the primary.

    Args:
        address: where that is.
        rng: for the jitter.
        on_loss: called after each connection, or attempt at one.
    """

    address: Whereabouts
    rng: random.Random
    times: LinkTimes = attrs.field(factory=LinkTimes)
    on_loss: Callable[[], None] = _ignore
    subscriptions: Subscriptions = attrs.field(factory=Subscriptions)
    connections: int = 0
    trouble: str = "not connected yet"
    _connection: Connection | None = None
    _connected: trio.Event = attrs.field(factory=trio.Event)

    @property
    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    async def run(self) -> None:
        """Keeps the link connected until cancelled."""
        failures = 0
        while True:
            started_s = trio.current_time()
            await self._live_once()
            stable = trio.current_time() - started_s >= self.times.stable_after_s
            failures = 1 if stable else failures + 1
            log.warning("store link down", store=str(self.address), reason=self.trouble)
            self.on_loss()
            await trio.sleep(self.rng.uniform(0, self._retry_limit_s(failures)))

    async def call(self, *args: str | bytes | int | float) -> Any:
        """Sends a command and waits for its reply.

        Raises:
            StoreUnavailable: no connection, or it broke before the reply.
            StoreError: the store refused.
        """
        connection = self._connection or await self._wait_connected()
        return await connection.call(*args)

    async def call_asking(self, *args: str | bytes | int | float) -> Any:
        """The same, of a slot that is still on its way to this node."""
        connection = self._connection or await self._wait_connected()
        return await connection.call_asking(*args)

    async def call_held(self, hold: Hold, *args: str | bytes | int | float) -> Any:
        """The same, and waits until what it wrote is held; StoreUnavailable: that is not known."""
        connection = self._connection or await self._wait_connected()
        return await connection.call_held(hold, *args)

    @asynccontextmanager
    async def subscribe(self, channel: str, listener: DeltaListener) -> AsyncGenerator[None, None]:
        """Brings messages to the listener, over all reconnections; entered once the server has confirmed.

        Raises: StoreError.
        """
        async with listening(lambda: self, channel, listener):
            yield

    def listen(self, channel: bytes, listener: DeltaListener) -> Subscription:
        """Adds a listener; the subscription tells when the server has confirmed or refused."""
        subscription, new = self.subscriptions.add(channel, listener)
        if new and self._connection is not None:
            self._connection.subscribe(channel)
        return subscription

    def ignore(self, channel: bytes, listener: DeltaListener) -> None:
        """Ends what ``listen`` began."""
        if self.subscriptions.remove(channel, listener) and self._connection is not None:
            self._connection.unsubscribe(channel)

    def hand_over(self, channel: bytes, heir: Link) -> None:
        """Has another link listen to a channel from now on."""
        heir.subscriptions.adopt(channel, self.subscriptions.give_up(channel))
        if self._connection is not None:
            self._connection.unsubscribe(channel)
        if heir._connection is not None:
            heir._connection.subscribe(channel)

    def _retry_limit_s(self, failures: int) -> float:
        return float(min(self.times.retry_most_s, self.times.retry_first_s * 2 ** min(failures, 30)))

    async def _wait_connected(self) -> Connection:
        with trio.move_on_after(self.times.unavailable_after_s):
            while self._connection is None:
                await self._connected.wait()
        if self._connection is None:
            raise StoreUnavailable(f"no connection to {self.address}: {self.trouble}")
        return self._connection

    async def _live_once(self) -> None:
        """One connection, from attempt to end."""
        with trio.move_on_after(self.times.connect_s) as attempt:
            opened = await self._open()
        if attempt.cancelled_caught:
            self.trouble = "connecting took too long"
        elif opened is not None:
            await self._serve(*opened)

    async def _open(self) -> tuple[StoreAddress, Connection] | None:
        try:
            server = await self.address.find()
            connected = await server.open_socket()
        except (OSError, StoreUnavailable) as error:
            self.trouble = str(error)
            return None
        return server, Connection(connected, self.subscriptions, self.times.patience, self._forget)

    async def _serve(self, server: StoreAddress, connection: Connection) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.run)
                if await self._greet(server, connection):
                    self._take(server, connection)
        finally:
            connection.close()
            self.trouble = connection.broken_by

    def _forget(self) -> None:
        """The connection broke: calls wait for the next one from now on."""
        self._connection = None
        if self._connected.is_set():
            self._connected = trio.Event()
        self.subscriptions.all_lost()

    async def _greet(self, server: StoreAddress, connection: Connection) -> bool:
        """Speaks the protocol's opening. False: the server did not take it, and the connection is broken off."""
        trouble = "greeting took too long"
        with trio.move_on_after(self.times.connect_s):
            try:
                await _introduce(server, connection)
            except StoreError as error:
                trouble = str(error)
            else:
                return True
        connection.break_off(trouble)
        return False

    def _take(self, server: StoreAddress, connection: Connection) -> None:
        """Subscribes before any call is let through: confirmations come first."""
        if connection.broken_by:  # by what came just behind the last reply of the greeting
            return
        for channel in self.subscriptions.channels():
            connection.subscribe(channel)
        self._connection = connection
        self._connected.set()
        self.connections += 1
        log.info("store link up", store=str(server))


@asynccontextmanager
async def listening(home: Callable[[], Link], channel: str, listener: DeltaListener) -> AsyncGenerator[None, None]:
    """Brings messages to the listener; entered once a server has confirmed.

    Args:
        home: the link that has the channel; another one, once it was handed over.

    Raises: StoreError.
    """
    name = channel.encode()
    subscription = home().listen(name, listener)
    try:
        with trio.move_on_after(home().times.unavailable_after_s):
            await subscription.settled.wait()
        if subscription.refusal is not None:
            raise StoreError(str(subscription.refusal))
        if not subscription.settled.is_set():
            raise StoreUnavailable(f"cannot subscribe at {home().address}: {home().trouble}")
        yield
    finally:
        home().ignore(name, listener)


async def _introduce(server: StoreAddress, connection: Connection) -> None:
    hello, *more = server.greeting()
    try:
        said = await connection.call(*hello)
    except StoreUnavailable:
        raise
    except StoreError as error:
        raise explain_greeting(error) from None
    check_hello(said, clustered=server.clustered)
    for command in more:
        await connection.call(*command)
