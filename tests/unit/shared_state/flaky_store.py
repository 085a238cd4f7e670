"""A store whose transport misbehaves as it is told to: calls fail, wait or lose their answer; deltas get lost or mixed.

Wraps a real ``MemoryStore``; what it does to calls and deltas is what networks do, so the port's guarantees of order
and atomicity still hold at the server.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import attrs
import trio

from shared_state.batch import Batch, CommitReply
from shared_state.entity import TagMaker
from shared_state.errors import StoreError
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.position import Head
from shared_state.store import Attachment, DeltaListener, IdBlock, LeaseGrant, ServerInfo, Snapshot
from tests.unit.shared_state.small_world import WORLD, Bench, Rule, job

T = TypeVar("T")
Channel = Callable[[bytes], Iterable[bytes]]


def opened() -> trio.Event:
    """A gate that stands open."""
    gate = trio.Event()
    gate.set()
    return gate


@attrs.frozen
class Fault:
    """What happens to one call: before it takes effect, and between effect and answer."""

    error_before: StoreError | None = None
    error_after: StoreError | None = None
    gate_before: trio.Event = attrs.field(factory=opened)
    gate_after: trio.Event = attrs.field(factory=opened)
    act_after: Callable[[], object] = lambda: None


@attrs.define(eq=False)
class FlakyStore:
    """A client of a memory server behind a bad transport. ``calls`` counts the calls by name."""

    inner: MemoryStore
    channel: Channel = lambda payload: (payload,)
    calls: defaultdict[str, int] = attrs.field(factory=lambda: defaultdict(int))
    batches: list[Batch] = attrs.field(factory=list)
    listeners: list[DeltaListener] = attrs.field(factory=list)
    _faults: defaultdict[str, deque[Fault]] = attrs.field(factory=lambda: defaultdict(deque))

    def plan(self, method: str, *faults: Fault) -> None:
        """The next calls of a method meet these faults, one each."""
        self._faults[method].extend(faults)

    def push(self, payload: bytes) -> None:
        """Brings bytes to the listeners that the server never sent."""
        for listener in self.listeners:
            listener.on_delta(payload)

    def subscribed_again(self) -> None:
        """The link came back."""
        for listener in self.listeners:
            listener.on_subscribed()

    async def _call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        self.calls[method] += 1
        faults = self._faults[method]
        fault = faults.popleft() if faults else Fault()
        await fault.gate_before.wait()
        if fault.error_before is not None:
            raise fault.error_before
        result = await call()
        await fault.gate_after.wait()
        fault.act_after()
        if fault.error_after is not None:
            raise fault.error_after
        return result

    async def attach(self, world: WorldName, schema: str, ids: int, *, again: bool = False) -> Attachment:
        """See ``Store.attach``."""
        return await self._call("attach", lambda: self.inner.attach(world, schema, ids, again=again))

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """See ``Store.commit``."""
        self.batches.append(batch)
        return await self._call("commit", lambda: self.inner.commit(world, batch))

    async def snapshot(self, world: WorldName) -> Snapshot:
        """See ``Store.snapshot``."""
        return await self._call("snapshot", lambda: self.inner.snapshot(world))

    async def log_after(self, world: WorldName, version: int, limit: int) -> list[bytes]:
        """See ``Store.log_after``."""
        return await self._call("log_after", lambda: self.inner.log_after(world, version, limit))

    async def head(self, world: WorldName) -> Head:
        """See ``Store.head``."""
        return await self._call("head", lambda: self.inner.head(world))

    async def renew_epoch(self, world: WorldName, head: Head) -> Head:
        """See ``Store.renew_epoch``."""
        return await self._call("renew_epoch", lambda: self.inner.renew_epoch(world, head))

    async def reserve_ids(self, world: WorldName, epoch: str, count: int) -> IdBlock:
        """See ``Store.reserve_ids``."""
        return await self._call("reserve_ids", lambda: self.inner.reserve_ids(world, epoch, count))

    async def session_row(self, world: WorldName, session: SessionId) -> bytes:
        """See ``Store.session_row``."""
        return await self._call("session_row", lambda: self.inner.session_row(world, session))

    async def session_rows(self, world: WorldName) -> dict[SessionId, bytes]:
        """See ``Store.session_rows``."""
        return await self._call("session_rows", lambda: self.inner.session_rows(world))

    async def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_s: float) -> LeaseGrant | None:
        """See ``Store.take_lease``."""
        return await self._call("take_lease", lambda: self.inner.take_lease(world, name, owner, ttl_s))

    async def renew_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.renew_lease``."""
        return await self._call("renew_lease", lambda: self.inner.renew_lease(world, grant))

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.release_lease``."""
        return await self._call("release_lease", lambda: self.inner.release_lease(world, grant))

    @asynccontextmanager
    async def subscribe(self, world: WorldName, listener: DeltaListener) -> AsyncGenerator[None, None]:
        """See ``Store.subscribe``."""
        self.listeners.append(listener)
        async with self.inner.subscribe(world, _Channelled(self, listener)):
            yield
        self.listeners.remove(listener)

    async def info(self) -> ServerInfo:
        """See ``Store.info``."""
        return await self._call("info", self.inner.info)


@attrs.frozen
class _Channelled:
    """Passes on what the channel lets through at that moment."""

    store: FlakyStore
    listener: DeltaListener

    def on_delta(self, payload: bytes) -> None:
        """See ``DeltaListener``."""
        for part in self.store.channel(payload):
            self.listener.on_delta(part)

    def on_subscribed(self) -> None:
        """See ``DeltaListener``."""
        self.listener.on_subscribed()


def lose(_payload: bytes) -> Iterable[bytes]:
    """A channel that loses everything."""
    return ()


def passing(payload: bytes) -> Iterable[bytes]:
    """A channel without faults."""
    return (payload,)


class Reordering:
    """A channel that holds deltas back and then lets them go in reverse."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: list[bytes] = []

    def __call__(self, payload: bytes) -> Iterable[bytes]:
        self._held.append(payload)
        if len(self._held) < self._size:
            return ()
        ready, self._held = self._held[::-1], []
        return ready


@attrs.define(eq=False)
class Rival:
    """Another node that acts at once, at any moment a test chooses, also in the middle of a rule."""

    server: MemoryServer
    bench: Bench = attrs.field(init=False)
    _source: MemoryStore = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bench = Bench(self.server.model, WORLD)
        self._source = MemoryStore(self.server)

    def attach_again(self) -> None:
        """Becomes a writer anew, after the world was replaced."""
        self.bench = Bench(self.server.model, WORLD)

    def run(self, *rules: Rule, log_length: int = 1000) -> None:
        """Commits each rule as a batch of its own, and publishes it."""
        bench = self.bench
        for rule in rules:
            bench.catch_up()
            before = bench.stored.version
            reply = bench.commit(bench.board(job(rule)))
            assert set(reply.codes) == {"C"}
            for at, payload in list(bench.stored.log):
                if at > before:
                    self.server.publish(WORLD, payload, self._source)
            bench.catch_up()
            del bench.stored.log[:-log_length]

    def tags(self) -> TagMaker:
        """The rival's tags."""
        return self.bench.tags
