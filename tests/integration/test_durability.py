"""What each level of durability may lose, when the store restarts or fails over under 200 commands a second."""

from __future__ import annotations

import pytest
import trio

from bench.store.loss import ON_DISK, Loss, fail_over, restart
from shared_state.errors import StoreError, StoreUnavailable
from shared_state.names import world_name
from shared_state.redis.durability import Durability
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.store_groups import is_synced, running, store_cluster, until
from tests.contract.writer import Recorder, Writer

pytestmark = pytest.mark.integration

WORLD = world_name("bay")
PLAYS_ON_WITHIN_S = 5.0


def verify_played_on(loss: Loss) -> None:
    """Fails if play stood still for too long, or never went on."""
    assert loss.stood_still_s < PLAYS_ON_WITHIN_S
    assert loss.acknowledged > 300


@pytest.mark.parametrize(("level", "cut_off"), [("replica", 1), ("disk:1", 0)])
@within(60)
async def test_a_failover_loses_nothing_that_a_replica_had(level: str, cut_off: int) -> None:
    """kill -9 of the primary: every acknowledged command is with the new one, within 5 s and without a restart."""
    loss = await fail_over(level, cut_off)
    verify_played_on(loss)
    assert loss.lost == 0


@within(60)
async def test_memory_loses_what_no_replica_had() -> None:
    """Replicas were cut off for half a second: what was acknowledged then is lost, and play goes on without it."""
    loss = await fail_over("memory", cut_off=2)
    verify_played_on(loss)
    assert 0 < loss.lost <= 150


@pytest.mark.parametrize(("level", "options"), [("disk", ON_DISK), ("memory", ())])
@within(60)
async def test_a_restart(level: str, options: tuple[str, ...]) -> None:
    """What was on disk is there again; a store that kept nothing begins anew. Nodes play on either way."""
    loss = await restart(level, options)
    verify_played_on(loss)
    assert (loss.lost == 0) == bool(options)


@within(30)
async def test_without_its_replica_nothing_is_acknowledged() -> None:
    """The batch is there, but its answer is not given; sent again when the replica is back, it gets it."""
    async with running("valkey") as primary, running("valkey", "--replicaof", "127.0.0.1", str(primary.port)) as copy:
        await until(lambda: is_synced(copy))
        level = Durability.parse("replica")
        async with (
            open_store(primary.store.url, durability=level) as store,
            open_store(primary.store.url, durability=level) as other,
        ):
            writer = await Writer.attach(store, WORLD)
            await writer.put(1, b"x")
            with copy.stopped():
                with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
                    await writer.put(2, b"y")
                # It is committed, so over another connection it writes nothing: only the mark is there to wait for.
                with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
                    await other.commit(WORLD, writer.last)
            assert (await other.commit(WORLD, writer.last)).codes == "C"
            assert (await store.head(WORLD)).version == 2


@within(60)
async def test_held_commits_of_many_worlds_on_a_cluster() -> None:
    """Every primary asks its own disk; worlds do not wait for one another's answers in a row."""
    async with (
        store_cluster(options=ON_DISK) as cluster,
        open_store(cluster.url, durability=Durability.parse("disk")) as store,
    ):

        async def commit_some(number: int) -> None:
            name, recorder = world_name(f"w{number}"), Recorder()
            async with store.subscribe(name, recorder):
                writer = await Writer.attach(store, name)
                for entity in range(10):
                    await writer.put(entity, b"x")
                await recorder.until(deltas=10)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(commit_some, number)
        assert (await store.head(world_name("w7"))).version == 10


@within(20)
async def test_redis_7_0_keeps_no_disk_level() -> None:
    """It cannot be asked what is on disk: refused when the store is opened."""
    async with running("redis", *ON_DISK) as server:
        with pytest.raises(StoreError, match=r"WAITAOF, of Redis 7\.2"):
            async with open_store(server.store.url, durability=Durability.parse("disk")):
                raise AssertionError("opened")
