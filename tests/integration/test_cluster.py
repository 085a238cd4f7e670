"""Worlds on a cluster: spread over its primaries, and played on while slots move and primaries fail."""

from __future__ import annotations

import pytest
import trio
from redis.crc import key_slot

from shared_state.names import WorldName, world_name
from shared_state.outcome import Committed
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.keys import world_keys
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import RedisStore, open_store
from shared_state.world import World, open_world
from tests.contract.deadline import within
from tests.contract.directory.conftest import bay
from tests.contract.store_groups import store_cluster
from tests.contract.writer import Recorder, Writer
from tests.integration.test_rollback import clock_ms, verify_equal
from tests.unit.shared_state.small_world import SCHEMA, put_boat

pytestmark = pytest.mark.integration

BUSY = world_name("bay")
HEARD_WITHIN_S = 5.0
PAUSE_S = 0.005
"""Between the commits of a busy world: about 200 a second at most."""


async def commit_on(world: World, until: trio.Event) -> int:
    """Commits boats, one after the other, until told to stop. Returns: how many were acknowledged."""
    count = 0
    while not until.is_set():
        assert isinstance(await world.transact(put_boat(gold=count)), Committed)
        count += 1
        await trio.sleep(PAUSE_S)
    return count


async def hears(store: RedisStore, world: WorldName, recorder: Recorder, text: bytes) -> None:
    """Publishes where the world is served, until it is heard."""
    with trio.fail_after(HEARD_WITHIN_S):
        while text not in recorder.deltas:
            await store.topology.link_for(world).call("SPUBLISH", world_keys(world).channel, text)
            await trio.sleep(0.05)


@within(60)
async def test_worlds_are_spread_over_the_primaries() -> None:
    """Each of many worlds commits and hears itself; every primary has some; the directory works too."""
    async with store_cluster() as cluster, open_store(cluster.url) as store:
        for number in range(30):
            name = world_name(f"world-{number}")
            recorder = Recorder()
            async with store.subscribe(name, recorder):
                writer = await Writer.attach(store, name)
                await writer.put(1, b"x")
                await recorder.until(deltas=1)
        counts = [server.admin.dbsize() for server in cluster.primaries]
        assert min(counts) > 10
        directory = RedisDirectory(store.topology)
        await directory.create(bay(), world_name("found"))
        entry = await directory.get(world_name("found"))
        assert entry is not None
        assert (await store.info()).kind == "valkey"


@within(90)
async def test_the_slot_of_a_busy_world_moves_away_and_back() -> None:
    """At about 200 commits a second nothing is lost or doubled, and two nodes follow within 5 s (S34)."""
    async with (
        store_cluster() as cluster,
        open_store(cluster.url) as store,
        open_store(cluster.url) as other,
        open_world(store, BUSY, SCHEMA, clock_ms) as a,
        open_world(other, BUSY, SCHEMA, clock_ms) as b,
    ):
        source = cluster.owner(BUSY)
        target = next(server for server in cluster.primaries if server is not source)
        counts: list[int] = []
        stop = trio.Event()

        async def play(world: World) -> None:
            counts.append(await commit_on(world, stop))

        async with trio.open_nursery() as players:
            players.start_soon(play, a)
            players.start_soon(play, b)
            for here, there in ((source, target), (target, source)):
                await trio.sleep(1)
                await trio.to_thread.run_sync(cluster.migrate, BUSY, here, there)
                for world in (a, b):
                    seen = world.replica.version
                    with trio.fail_after(HEARD_WITHIN_S):
                        while world.replica.version < seen + 20:  # noqa: ASYNC110 - it changes without an event
                            await trio.sleep(0.01)
            stop.set()
        await a.follower.compared()
        await b.follower.compared()
        await verify_equal(store, a, b)
        present, acknowledged = len(a.replica.entities), sum(counts)
        assert present == acknowledged > 200
        assert a.committer.counts.recoveries == b.committer.counts.recoveries == 0
        hears_itself = Recorder()
        async with store.subscribe(BUSY, hears_itself):
            await hears(store, BUSY, hears_itself, b"canary")


@within(60)
async def test_a_quiet_listener_follows_its_slot() -> None:
    """Nobody commits, so no redirection tells: the server's own unsubscription does (S34)."""
    async with store_cluster() as cluster, open_store(cluster.url) as store:
        source = cluster.owner(BUSY)
        target = next(server for server in cluster.primaries if server is not source)
        recorder = Recorder()
        async with store.subscribe(BUSY, recorder):
            for here, there, count in ((source, target, 2), (target, source, 3)):
                await trio.to_thread.run_sync(cluster.migrate, BUSY, here, there)
                with trio.fail_after(HEARD_WITHIN_S):
                    await recorder.until(subscribed=count)
                there.admin.execute_command("SPUBLISH", world_keys(BUSY).channel, f"at-{count}")
                with trio.fail_after(HEARD_WITHIN_S):
                    await recorder.until(deltas=count - 1)
        assert recorder.deltas == [b"at-2", b"at-3"]


@within(90)
async def test_a_primary_of_the_cluster_fails() -> None:
    """Its replica takes over: both nodes go on within 5 s and agree; worlds of other primaries are let alone."""
    async with store_cluster(primaries=3, replicas=1) as cluster:
        home = next(f"bay-{n}" for n in range(100) if key_slot(b"bay-%d" % n) < 16384 // 3)
        name = world_name(home)
        assert cluster.owner(name) is cluster.primaries[0]
        times = LinkTimes(unavailable_after_s=0.5)
        async with (
            open_store(cluster.url, times=times) as store,
            open_store(cluster.url, times=times) as other,
            open_world(store, name, SCHEMA, clock_ms) as a,
            open_world(other, name, SCHEMA, clock_ms) as b,
        ):
            await put_some(a, b)
            cluster.primaries[0].kill()
            with trio.fail_after(HEARD_WITHIN_S):
                await put_some(a, b)
            await a.follower.compared()
            await b.follower.compared()
            await verify(store, name, a, b)


async def put_some(*worlds: World) -> None:
    """Commits on each node."""
    for world in worlds:
        for _ in range(10):
            assert isinstance(await world.transact(put_boat()), Committed)


async def verify(store: RedisStore, name: WorldName, *worlds: World) -> None:
    """Fails unless the replicas stand where the store does."""
    head = await store.head(name)
    for world in worlds:
        assert (world.replica.position, world.replica.stamp) == (head.position, head.stamp)
