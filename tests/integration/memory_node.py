"""A node on real sockets and a store in memory that fails on purpose."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import attrs
import trio

from server.beat import Beat
from server.config import NodeConfig, WorldConfig
from server.game import Game
from server.net.http import Routes
from server.net.limits import Limits
from server.net.listener import serve
from server.node import Node
from shared_state.batch import Batch, CommitReply
from shared_state.directory_model import ModelDirectory
from shared_state.memory_directory import MemoryDirectory
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import WorldName
from shared_state.position import Head
from shared_state.store import LeaseGrant, Snapshot
from tests.unit.server.harbour import game
from tests.unit.server.quay import memory_server

BAY = WorldName("bay")
BROKEN = Snapshot(Head("broken", 1, bytes(8)), {1: bytes(8) + b"\xff"}, {})


@attrs.define(eq=False)
class BreakableStore(MemoryStore):
    """A store client that fails on purpose."""

    broken_worlds: set[WorldName] = attrs.field(factory=set)
    commit_gate: trio.Event | None = None
    release_gate: trio.Event | None = None
    releases: int = 0

    async def head(self, world: WorldName) -> Head:
        """Another history, for broken worlds."""
        head = await super().head(world)
        return BROKEN.head if world in self.broken_worlds else head

    async def snapshot(self, world: WorldName) -> Snapshot:
        """What nobody can read, for broken worlds."""
        snapshot = await super().snapshot(world)
        return BROKEN if world in self.broken_worlds else snapshot

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """Waits at the gate, if there is one."""
        if self.commit_gate is not None:
            await self.commit_gate.wait()
        return await super().commit(world, batch)

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Waits at the gate, if there is one."""
        self.releases += 1
        if self.release_gate is not None:
            await self.release_gate.wait()
        return await super().release_lease(world, grant)


@attrs.define(eq=False)
class Harbour:
    """A node that listens."""

    node: Node
    port: int
    store: BreakableStore
    server: MemoryServer

    def stored(self, world: WorldName = BAY) -> dict[int, bytes]:
        """The entities in the store."""
        return self.server.model.snapshot(world).state


def memory_directory() -> MemoryDirectory:
    """A directory on Trio's clock."""
    return MemoryDirectory(ModelDirectory(lambda: int(trio.current_time() * 1e6)), random.Random(1))


@asynccontextmanager
async def running_node(
    played: Game = game,
    *,
    name: str = "node1",
    server: MemoryServer | None = None,
    directory: MemoryDirectory | None = None,
    **world: float,
) -> AsyncGenerator[Harbour, None]:
    """A node that runs while the context is open; alone, unless it is given what it shares with others."""
    server = server or memory_server()
    directory = directory or memory_directory()
    store = BreakableStore(server)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    config = NodeConfig(name=name, world=WorldConfig(**world))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        node = Node(config, played, store, directory, nursery)
        nursery.start_soon(Beat(node).run)
        await nursery.start(partial(serve, listeners, Routes(), node, Limits()))
        yield Harbour(node, int(listeners[0].socket.getsockname()[1]), store, server)
        nursery.cancel_scope.cancel()
    for listener in listeners:
        await listener.aclose()
