"""Following a world on real servers while it changes: joining at any moment, and links that break before a silence.

S05: the first delta applied is the snapshot's version and one, whatever comes between subscription and snapshot.
S08: what was missed is found though nothing is published afterwards.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import attrs
import pytest
import trio

from shared_state.embedded import embedded_store
from shared_state.follower import Follower
from shared_state.names import WorldName
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import RedisStore, open_store
from shared_state.replica import Replica
from shared_state.store import Snapshot
from shared_state.world import World, open_world
from tests.contract.deadline import within
from tests.contract.sailing import contents
from tests.contract.servers import server_binary
from tests.integration.lease_node import BAY, clock_ms
from tests.integration.test_link_calls import running_link
from tests.unit.shared_state.small_world import SCHEMA, put_boat

pytestmark = pytest.mark.integration

SETTLED_WITHIN_S = 5.0
JOINERS = 60


@pytest.fixture(params=["valkey", "redis"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server of each kind, of this test alone."""
    async with embedded_store(binary=server_binary(request.param)) as server:
        yield server.url


@attrs.frozen(eq=False)
class Dawdler(RedisStore):
    """A store whose snapshots come late: some time passes before one is read, and before it is looked at."""

    before_s: float = 0.0
    after_s: float = 0.0

    async def snapshot(self, world: WorldName) -> Snapshot:
        """See ``Store.snapshot``."""
        await trio.sleep(self.before_s)
        snapshot = await super().snapshot(world)
        await trio.sleep(self.after_s)
        return snapshot


async def busy(world: World, until: trio.Event) -> None:
    """Commits one boat after the other."""
    while not until.is_set():
        await world.transact(put_boat())


async def follow(store: RedisStore, followers: list[Follower], task_status: trio.TaskStatus[None]) -> None:
    """Joins, and stays."""
    follower = Follower(store, BAY, Replica(SCHEMA), lambda: None, lambda reason: None)
    followers.append(follower)
    await follower.run(task_status)


async def settle(replica: Replica, followers: list[Follower]) -> None:
    """Waits until all have what the writer has."""
    with trio.fail_after(SETTLED_WITHIN_S):
        while any(follower.replica.position != replica.position for follower in followers):  # noqa: ASYNC110
            await trio.sleep(0.01)
    for follower in followers:
        assert contents(follower.replica) == contents(replica)


@within(60)
async def test_whoever_joins_a_busy_world_has_all_of_it(url: str) -> None:
    """S05: sixty join while it changes, with delays of up to 0.2 s on either side; it falls silent while some join."""
    rng, quiet = random.Random(5), trio.Event()
    followers: list[Follower] = []
    async with (
        open_store(url) as writing,
        open_store(url) as reading,
        open_world(writing, BAY, SCHEMA, clock_ms) as world,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(busy, world, quiet)
        for number in range(JOINERS):
            late = Dawdler(reading.topology, before_s=rng.uniform(0, 0.2), after_s=rng.uniform(0, 0.2))
            nursery.start_soon(join, nursery, late, followers)
            await trio.sleep(rng.uniform(0, 0.03))
            if number == JOINERS - 5:
                quiet.set()
        await trio.sleep(0.5)
        assert len(followers) == JOINERS
        await settle(world.replica, followers)
        assert world.replica.version > JOINERS
        nursery.cancel_scope.cancel()


async def join(nursery: trio.Nursery, store: RedisStore, followers: list[Follower]) -> None:
    """Starts a follower."""
    await nursery.start(follow, store, followers)


@within(60)
async def test_what_was_missed_before_a_silence_is_found(url: str) -> None:
    """S08: the subscriber's link is killed, twenty commits fall into the gap, and then nothing more is to be heard."""
    slow = LinkTimes(retry_first_s=0.5, stable_after_s=0)
    async with (
        open_store(url) as writing,
        open_store(url, times=slow) as reading,
        running_link(url) as admin,
        open_world(writing, BAY, SCHEMA, clock_ms) as world,
        trio.open_nursery() as nursery,
    ):
        followers: list[Follower] = []
        await join(nursery, reading, followers)
        for _ in range(5):
            victim = await reading.topology.link_for(BAY).call("CLIENT", "ID")
            await admin.call("CLIENT", "KILL", "ID", victim)
            for _ in range(20):
                await world.transact(put_boat())
            await settle(world.replica, followers)
        assert followers[0].counts.subscriptions == 6
        assert followers[0].counts.log_reads >= 3
        nursery.cancel_scope.cancel()
