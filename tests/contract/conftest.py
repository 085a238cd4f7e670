"""The implementations that the contract suite runs on: the model in memory, both push orders, and real servers."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from shared_state.embedded import EmbeddedStore
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import WorldName, world_name
from shared_state.redis.store import RedisStore, open_store
from shared_state.store import Store
from shared_state.store_model import ModelStore
from tests.contract.servers import on_thread, running_server
from tests.contract.store_groups import StoreCluster, store_cluster
from tests.contract.writer import Writer

START_US = 1_800_000_000_000_000
_numbers = itertools.count(1)


@attrs.frozen(eq=False)
class Target:
    """Two clients of one store, and its clock; ``world`` is a name that no other test has."""

    store: Store
    other: Store
    world: WorldName
    pass_time: Callable[[float], Awaitable[None]]

    async def writer(self) -> Writer:
        """A new writer of the world."""
        return await Writer.attach(self.store, self.world)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[EmbeddedStore]:
    """A Valkey for the whole run."""
    with running_server("valkey") as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedStore]:
    """A Redis 7 for the whole run."""
    with running_server("redis") as server:
        yield server


@pytest.fixture(scope="session")
def cluster_server() -> Iterator[StoreCluster]:
    """A cluster of three Valkeys for the whole run."""
    with on_thread(store_cluster()) as cluster:
        yield cluster


class Everywhere(set[WorldName]):
    """All worlds that there are or will be."""

    def __contains__(self, world: object) -> bool:
        return True


@pytest.fixture(params=["memory-push-first", "memory-reply-first", "valkey", "valkey-stepwise", "redis", "cluster"])
async def target(request: pytest.FixtureRequest) -> AsyncIterator[Target]:
    """Each implementation in turn."""
    if request.param == "valkey-stepwise":
        stepwise_server: EmbeddedStore = request.getfixturevalue("valkey_server")
        async with real_target(stepwise_server.url) as real:
            yield attrs.evolve(real, store=stepwise(real.store), other=stepwise(real.other))
    elif request.param in ("valkey", "redis", "cluster"):
        server: EmbeddedStore | StoreCluster = request.getfixturevalue(f"{request.param}_server")
        async with real_target(server.url) as real:
            yield real
    else:
        yield memory_target(push_after_reply=request.param == "memory-reply-first")


@pytest.fixture(params=["valkey", "redis"])
async def real_store(request: pytest.FixtureRequest) -> AsyncIterator[RedisStore]:
    """Each kind of real server in turn."""
    server: EmbeddedStore = request.getfixturevalue(f"{request.param}_server")
    async with open_store(server.url) as store:
        yield store


@pytest.fixture
def world() -> WorldName:
    """A name that no other test has."""
    return world_name(f"world-{next(_numbers)}")


def stepwise(store: RedisStore) -> RedisStore:
    """A store that takes every batch step by step."""
    return attrs.evolve(store, contended=Everywhere())


def memory_target(*, push_after_reply: bool) -> Target:
    """Two clients of one model."""
    clock_us = [START_US]

    async def pass_time(seconds: float) -> None:
        await trio.lowlevel.checkpoint()
        clock_us[0] += round(seconds * 1_000_000)

    epochs = itertools.count(1)
    server = MemoryServer(ModelStore(lambda: clock_us[0], lambda: f"epoch-{next(epochs)}"))
    clients = [MemoryStore(server, push_after_reply) for _ in range(2)]
    return Target(clients[0], clients[1], world_name(f"world-{next(_numbers)}"), pass_time)


@asynccontextmanager
async def real_target(url: str) -> AsyncIterator[Target]:
    """Two connections to one server, whose clock is the machine's."""
    async with open_store(url) as store, open_store(url) as other:
        yield Target(store, other, world_name(f"world-{next(_numbers)}"), trio.sleep)
