"""The directories that the contract suite runs on: the model in memory, and real servers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from shared_state.directory import Directory
from shared_state.directory_entry import Reservation, WorldEntry, WorldSpec
from shared_state.directory_model import ModelDirectory
from shared_state.directory_names import node_name, world_kind
from shared_state.embedded import EmbeddedStore
from shared_state.memory_directory import MemoryDirectory
from shared_state.names import WorldName, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.keys import DIRECTORY, DIRECTORY_KEYS
from shared_state.redis.store import RedisStore, open_store
from tests.contract.store_groups import StoreCluster

CLIENTS = 4
START_US = 1_800_000_000_000_000
BAY = world_kind("bay")
ANN, BOB = node_name("ann"), node_name("bob")
LONG_S = 100.0


@attrs.frozen(eq=False)
class Harbour:
    """An empty directory with several clients, and its clock."""

    clients: list[Directory]
    pass_time: Callable[[float], Awaitable[None]]

    def bounded(self, most_worlds: int) -> Directory:
        """A client that makes no more worlds than that, if the directory has so many."""
        client = self.directory
        if isinstance(client, RedisDirectory):
            return attrs.evolve(client, most_worlds=most_worlds)
        assert isinstance(client, MemoryDirectory)
        client.model.most_worlds = most_worlds
        return client

    @property
    def directory(self) -> Directory:
        """A client."""
        return self.clients[0]

    @property
    def other(self) -> Directory:
        """Another client."""
        return self.clients[1]

    async def make(self, name: str, seats: int = 4, **more: Any) -> WorldEntry:
        """A new world of kind bay."""
        made = await self.directory.create(bay(seats, **more), world_name(name))
        assert isinstance(made, WorldEntry)
        return made

    async def hold(self, name: str, count: int = 1, ttl_s: float = LONG_S) -> Reservation:
        """A reservation that is known to succeed."""
        reserved = await self.directory.reserve(world_name(name), ttl_s, count)
        assert isinstance(reserved, Reservation)
        return reserved

    async def used(self, name: str) -> int:
        """Seats held in a world, as the other client sees it."""
        entry = await self.other.get(WorldName(name))
        assert entry is not None
        return entry.used


def bay(seats: int = 4, **more: Any) -> WorldSpec:
    """A world of kind bay."""
    return attrs.evolve(WorldSpec(BAY, seats), **more)


@pytest.fixture(params=["memory", "valkey", "redis", "cluster"])
async def harbour(request: pytest.FixtureRequest) -> AsyncIterator[Harbour]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield memory_harbour()
    else:
        server: EmbeddedStore | StoreCluster = request.getfixturevalue(f"{request.param}_server")
        async with real_harbour(server.url) as real:
            yield real


@pytest.fixture(params=["valkey", "redis"])
async def real_directory(request: pytest.FixtureRequest) -> AsyncIterator[RedisDirectory]:
    """Each kind of real server in turn, with an empty directory."""
    server: EmbeddedStore = request.getfixturevalue(f"{request.param}_server")
    async with open_store(server.url) as store:
        await wipe(store)
        yield RedisDirectory(store.topology)


def memory_harbour() -> Harbour:
    """Clients of one model, whose clock the test turns."""
    clock_us = [START_US]

    async def pass_time(seconds: float) -> None:
        await trio.lowlevel.checkpoint()
        clock_us[0] += round(seconds * 1_000_000)

    model = ModelDirectory(lambda: clock_us[0])
    return Harbour([MemoryDirectory(model, random.Random(seed)) for seed in range(CLIENTS)], pass_time)


@asynccontextmanager
async def real_harbour(url: str) -> AsyncIterator[Harbour]:
    """Connections to one server, whose clock is the machine's."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(open_store(url)) for _ in range(CLIENTS)]
        await wipe(stores[0])
        yield Harbour([RedisDirectory(store.topology) for store in stores], trio.sleep)


async def wipe(store: RedisStore) -> None:
    """Empties the directory of a server."""
    await store.topology.link_for(DIRECTORY).call("DEL", *DIRECTORY_KEYS.ledger, *DIRECTORY_KEYS.liveness)
