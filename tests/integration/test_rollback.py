"""A store restarted from an older dump: every node follows it into one new epoch, and play goes on (S14)."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from shared_state.embedded import embedded_store
from shared_state.names import LeaseName, WorldName, lease_name, world_name
from shared_state.outcome import Committed
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import RedisStore, open_store
from shared_state.replica import Replica
from shared_state.world import World, open_world
from tests.contract.deadline import within
from tests.contract.servers import server_binary
from tests.integration.test_link_calls import running_link
from tests.unit.shared_state.small_world import SCHEMA, put_boat

pytestmark = pytest.mark.integration

WORLD = world_name("bay")
LEADER = lease_name("leader")
DUMP = "dump.rdb"
KEPT = "kept.rdb"
RESYNCHRONISED_WITHIN_S = 5.0
LEASE_S = 0.001


@attrs.define(eq=False)
class Restarts:
    """A server of one kind on one socket, that can be killed and started again from what its directory has."""

    binary: Path
    home: Path
    options: Sequence[str] = ()
    url: str = ""
    _stop: trio.Event = attrs.field(factory=trio.Event)
    _running: trio.Event = attrs.field(factory=trio.Event)

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serves until cancelled, each time anew from the kept dump."""
        while True:
            async with embedded_store(binary=self.binary, directory=self.home, options=self.options) as server:
                self.url = server.url
                self._running.set()
                task_status.started()
                await self._stop.wait()
            self._stop, self._running = trio.Event(), trio.Event()
            shutil.copy(self.home / KEPT, self.home / DUMP)
            task_status = trio.TASK_STATUS_IGNORED

    async def keep_dump(self) -> None:
        """Sets aside what the server has now."""
        async with running_link(self.url) as link:
            assert await link.call("SAVE") == b"OK"
        shutil.copy(self.home / DUMP, self.home / KEPT)

    async def go_back(self) -> None:
        """Restarts the server with what was set aside."""
        stopped = self._running
        self._stop.set()
        while self._running is stopped:  # noqa: ASYNC110 - the event itself is replaced
            await trio.sleep(0.01)
        await self._running.wait()


@asynccontextmanager
async def restarting(kind: str, home: Path, options: Sequence[str] = ()) -> AsyncIterator[Restarts]:
    """A server that can go back, while the context is open."""
    restarts = Restarts(server_binary(kind), home, options)
    async with trio.open_nursery() as nursery:
        await nursery.start(restarts.serve)
        yield restarts
        nursery.cancel_scope.cancel()


def clock_ms() -> int:
    """The rules' clock."""
    return time.time_ns() // 1_000_000


async def put_boats(count: int, *worlds: World) -> None:
    """Commits boats on each of some nodes."""
    for number in range(count):
        for world in worlds:
            assert isinstance(await world.transact(put_boat(gold=number)), Committed)


async def go_on(*worlds: World) -> None:
    """Commits on each again; of what was on its way when the store went back, nobody can tell whether it was made."""
    for world in worlds:
        while not isinstance(await world.transact(put_boat(gold=0)), Committed):
            pass


async def take_token(store: RedisStore, world: WorldName, name: LeaseName) -> int:
    """The token of a lease that soon ends."""
    grant = await store.take_lease(world, name, "ann", LEASE_S)
    assert grant is not None
    return grant.token


def contents(replica: Replica) -> dict[int, tuple[bytes, object]]:
    """Tags and values by entity."""
    return {int(id_): (bytes(entity.tag), entity.value) for id_, entity in replica.entities.items()}


async def verify_equal(store: RedisStore, *worlds: World) -> None:
    """Fails unless each replica equals the store."""
    stored = Replica(SCHEMA)
    stored.load(await store.snapshot(WORLD))
    for world in worlds:
        assert (world.replica.position, world.replica.stamp) == (stored.position, stored.stamp)
        assert contents(world.replica) == contents(stored)
        assert world.replica.cell_tags == stored.cell_tags


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@pytest.mark.parametrize("idle", [False, True])
@within(40)
async def test_nodes_follow_a_store_restarted_from_an_older_dump(kind: str, idle: bool, tmp_path: Path) -> None:
    """Within 5 s both nodes are in one new epoch, busy or idle; commits go on; no number of theirs was given before."""
    times = LinkTimes(unavailable_after_s=0.2)
    resets: list[str] = []
    async with (
        restarting(kind, tmp_path) as server,
        open_store(server.url, times=times) as store,
        open_store(server.url, times=times) as other,
        open_world(store, WORLD, SCHEMA, clock_ms, on_reset=resets.append) as a,
        open_world(other, WORLD, SCHEMA, clock_ms, on_reset=resets.append) as b,
    ):
        await put_boats(3, a, b)
        await server.keep_dump()
        await put_boats(5, a, b)
        newest = [(await store.attach(WORLD, SCHEMA.fingerprint, 1)).incarnation for _ in range(20)][-1]
        token = await take_token(store, WORLD, LEADER)
        seen = (await store.head(WORLD)).position
        await server.go_back()
        with trio.fail_after(RESYNCHRONISED_WITHIN_S):
            if not idle:
                await go_on(a, b)
            while seen.epoch in (a.replica.epoch, b.replica.epoch):  # noqa: ASYNC110 - it changes without an event
                await trio.sleep(0.01)
        assert a.replica.epoch == b.replica.epoch == (await store.head(WORLD)).epoch
        await put_boats(10, a, b)
        assert a.replica.version > seen.version, "the numbers of versions come again, in another epoch"
        await a.follower.compared()
        await b.follower.compared()
        await verify_equal(store, a, b)
        assert len(a.replica.entities) == 2 * (3 + 10 + (not idle))
        assert len(resets) == 2
        assert min(a.committer.incarnation, b.committer.incarnation) > newest
        assert await take_token(store, WORLD, LEADER) > token
