"""A primary that Sentinels watch over: found, and followed when it fails or is demoted."""

from __future__ import annotations

import pytest
import trio
from redis import Redis

from shared_state.errors import StoreUnavailable
from shared_state.outcome import Committed
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import open_store
from shared_state.world import World, open_world
from tests.contract.deadline import within
from tests.contract.store_groups import PRIMARY, watched_primary
from tests.integration.test_rollback import WORLD, clock_ms, put_boats, verify_equal
from tests.unit.shared_state.small_world import SCHEMA, put_boat

pytestmark = pytest.mark.integration

TIMES = LinkTimes(unavailable_after_s=0.5)
PLAYS_ON_WITHIN_S = 5.0


async def put_until_new_epoch(world: World, epoch: str) -> None:
    """Commits until the world is in another epoch."""
    while world.replica.epoch == epoch:
        await world.transact(put_boat())


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(60)
async def test_a_failover_is_followed(kind: str) -> None:
    """kill -9 of the primary: within 5 s both nodes commit on the new one, and agree (S26)."""
    async with (
        watched_primary(kind) as group,
        open_store(group.url, times=TIMES) as store,
        open_store(group.url, times=TIMES) as other,
        open_world(store, WORLD, SCHEMA, clock_ms) as a,
        open_world(other, WORLD, SCHEMA, clock_ms) as b,
    ):
        await put_boats(20, a, b)
        group.primary.kill()
        with trio.fail_after(PLAYS_ON_WITHIN_S):
            await put_boats(20, a, b)
        assert group.replicas[0].admin.info("replication")["role"] == "master"
        await a.follower.compared()
        await b.follower.compared()
        await verify_equal(store, a, b)


@within(60)
async def test_a_replica_that_lagged_begins_a_new_epoch() -> None:
    """S14: what the new primary never got is gone: nodes notice, and never show two histories under one position."""
    resets: list[str] = []
    async with (
        watched_primary() as group,
        open_store(group.url, times=TIMES) as store,
        open_world(store, WORLD, SCHEMA, clock_ms, on_reset=resets.append) as world,
    ):
        await put_boats(5, world)
        epoch = world.replica.epoch
        group.replicas[0].admin.replicaof("127.0.0.1", "1")
        await put_boats(50, world)
        group.primary.kill()
        with trio.fail_after(PLAYS_ON_WITHIN_S):
            await put_until_new_epoch(world, epoch)
        await put_boats(5, world)
        await world.follower.compared()
        await verify_equal(store, world)
        assert resets
        assert len(world.replica.entities) < 60


@within(60)
async def test_a_demoted_primary_with_open_sockets_is_left() -> None:
    """It goes on answering reads, and its sockets stay open: the first write finds out, and finds the primary (S26)."""
    async with (
        watched_primary() as group,
        open_store(group.url, times=TIMES) as store,
        open_world(store, WORLD, SCHEMA, clock_ms) as world,
    ):
        await put_boats(5, world)
        assert (await store.head(WORLD)).version == 5
        group.replicas[0].admin.replicaof("NO", "ONE")
        group.primary.admin.replicaof("127.0.0.1", str(group.replicas[0].port))
        # A failover by the Sentinel itself would close the sockets.
        with Redis(port=group.sentinels[0]) as sentinel:
            sentinel.sentinel_remove(PRIMARY)
            sentinel.sentinel_monitor(PRIMARY, "127.0.0.1", group.replicas[0].port, 1)
        with trio.fail_after(10):
            assert isinstance(await world.transact(put_boat()), Committed)
        await world.follower.compared()
        await verify_equal(store, world)


@within(30)
async def test_a_name_that_no_sentinel_knows() -> None:
    """The error names it, and the Sentinels that were asked."""
    async with watched_primary() as group:
        with pytest.raises(StoreUnavailable, match=r"no Sentinel at 127.0.0.1:.* knows a primary called jetsam"):
            async with open_store(group.url.replace(PRIMARY, "jetsam"), times=TIMES):
                raise AssertionError("opened")
        sentinel = f"redis://127.0.0.1:{group.sentinels[0]}"
        with pytest.raises(StoreUnavailable, match=r"Sentinel.* redis\+sentinel://"):
            async with open_store(sentinel, times=TIMES):
                raise AssertionError("opened")


@within(30)
async def test_a_replica_is_refused() -> None:
    """A node that was pointed at the wrong server says so when it starts."""
    async with watched_primary() as group:
        with pytest.raises(StoreUnavailable, match="this is a replica"):
            async with open_store(group.replicas[0].store.url, times=TIMES):
                raise AssertionError("opened")
