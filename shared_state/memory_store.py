"""A store in this process: the model store behind the store port, for tests, simulation and games on one node.

How it works: each call is one checkpoint and then one atomic step of the model. A ``MemoryServer`` is what several
``MemoryStore`` clients share; it hands every delta to all of them. Real stores differ in whether the push of a
client's own commit comes before or after its answer, so a client can be told to do either.
Invariant: each client's listeners get the deltas of a world in version order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from shared_state.batch import Batch, CommitReply
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.position import Head
from shared_state.store import Attachment, DeltaListener, IdBlock, LeaseGrant, ServerInfo, Snapshot
from shared_state.store_model import ModelStore
from shared_state.ttl import ttl_us


@attrs.define(eq=False)
class MemoryServer:
    """The model and the clients that its deltas go to."""

    model: ModelStore
    clients: list[MemoryStore] = attrs.field(factory=list)

    def publish(self, world: WorldName, delta: bytes, source: MemoryStore) -> None:
        """Hands a delta to every client; ``source`` committed it."""
        for client in self.clients:
            client.receive(world, delta, own=client is source)


@attrs.define(eq=False)
class MemoryStore:
    """One client of a memory server.

    Args:
        push_after_reply: the delta of an own commit is delivered just after the commit's answer, not just before.
    """

    server: MemoryServer
    push_after_reply: bool = False
    _listeners: dict[WorldName, list[DeltaListener]] = attrs.field(factory=dict)
    _held_back: deque[tuple[WorldName, bytes]] = attrs.field(factory=deque)

    def __attrs_post_init__(self) -> None:
        self.server.clients.append(self)

    async def attach(self, world: WorldName, schema: str, ids: int, *, again: bool = False) -> Attachment:
        """See ``Store.attach``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.attach(world, schema, ids, again=again)

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """See ``Store.commit``."""
        await trio.lowlevel.checkpoint()
        reply, delta = self.server.model.commit(world, batch)
        if delta is not None:
            self.server.publish(world, delta, self)
        return reply

    async def snapshot(self, world: WorldName) -> Snapshot:
        """See ``Store.snapshot``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.snapshot(world)

    async def log_after(self, world: WorldName, version: int, limit: int) -> list[bytes]:
        """See ``Store.log_after``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.log_after(world, version, limit)

    async def head(self, world: WorldName) -> Head:
        """See ``Store.head``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.head(world)

    async def renew_epoch(self, world: WorldName, head: Head) -> Head:
        """See ``Store.renew_epoch``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.renew_epoch(world, head)

    async def reserve_ids(self, world: WorldName, epoch: str, count: int) -> IdBlock:
        """See ``Store.reserve_ids``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.reserve_ids(world, epoch, count)

    async def session_rows(self, world: WorldName) -> dict[SessionId, bytes]:
        """See ``Store.session_rows``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.session_rows(world)

    async def session_row(self, world: WorldName, session: SessionId) -> bytes:
        """See ``Store.session_row``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.session_row(world, session)

    async def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_s: float) -> LeaseGrant | None:
        """See ``Store.take_lease``."""
        ttl = ttl_us(ttl_s)
        await trio.lowlevel.checkpoint()
        token = self.server.model.take_lease(world, name, owner, ttl)
        return None if token is None else LeaseGrant(name, owner, token, ttl_s)

    async def renew_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.renew_lease``."""
        ttl = ttl_us(grant.ttl_s)
        await trio.lowlevel.checkpoint()
        return self.server.model.renew_lease(world, grant, ttl)

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.release_lease``."""
        await trio.lowlevel.checkpoint()
        return self.server.model.release_lease(world, grant)

    async def delete_world(self, world: WorldName) -> None:
        """See ``Store.delete_world``."""
        await trio.lowlevel.checkpoint()
        self.server.model.delete_world(world)

    @asynccontextmanager
    async def subscribe(self, world: WorldName, listener: DeltaListener) -> AsyncGenerator[None, None]:
        """See ``Store.subscribe``."""
        await trio.lowlevel.checkpoint()
        self._deliver_held_back()
        listeners = self._listeners.setdefault(world, [])
        listeners.append(listener)
        listener.on_subscribed()
        try:
            yield
        finally:
            listeners.remove(listener)

    async def info(self) -> ServerInfo:
        """See ``Store.info``."""
        await trio.lowlevel.checkpoint()
        return ServerInfo("memory", "", 0.0)

    def receive(self, world: WorldName, delta: bytes, *, own: bool) -> None:
        """Delivers a delta; an own one waits for the run loop's next round if it is to come after the answer."""
        self._deliver_held_back()
        if own and self.push_after_reply:
            self._held_back.append((world, delta))
            trio.lowlevel.current_trio_token().run_sync_soon(self._deliver_held_back)
        else:
            self._deliver(world, delta)

    def _deliver_held_back(self) -> None:
        while self._held_back:
            self._deliver(*self._held_back.popleft())

    def _deliver(self, world: WorldName, delta: bytes) -> None:
        for listener in tuple(self._listeners.get(world, ())):
            listener.on_delta(delta)
