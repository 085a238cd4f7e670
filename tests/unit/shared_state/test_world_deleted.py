"""Worlds that are deleted while nodes have them open: those notice, close, and bring nothing back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from shared_state.errors import EpochChanged, WorldGone
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.outcome import Outcome
from shared_state.world import World, open_world
from tests.unit.shared_state.flaky_store import Fault, FlakyStore
from tests.unit.shared_state.small_world import SCHEMA, WORLD, clock_ms, job, memory_server, put_boat

DEADLINE_S = 1000


async def stay_open(store: FlakyStore, use: Callable[[World], object]) -> float:
    """Has a world open, and uses it, until it is gone. Returns: how long that took after its deletion, in seconds."""
    deleted_s = 0.0
    try:
        async with open_world(store, WORLD, SCHEMA, clock_ms) as world:
            await world.transact(put_boat())
            await trio.sleep(1)
            deleted_s = trio.current_time()
            await store.inner.delete_world(WORLD)
            use(world)
            await trio.sleep(DEADLINE_S)
    except* WorldGone:
        pass
    return trio.current_time() - deleted_s


def gone(server: MemoryServer) -> bool:
    """Whether nothing of the world is in the store."""
    return WORLD not in server.model.worlds and not server.model.leases


async def test_a_quiet_node_notices_that_the_world_is_gone(autojump_clock: MockClock) -> None:
    """When it compares heads: every two seconds."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        assert await stay_open(FlakyStore(MemoryStore(server)), lambda world: None) <= 2.1
    assert gone(server)


async def test_a_node_that_commits_notices_at_once_and_makes_no_new_world(autojump_clock: MockClock) -> None:
    """Its job is not settled as done, and the world stays gone."""
    server, outcomes = memory_server(), list[Outcome]()
    with trio.fail_after(DEADLINE_S):
        took = await stay_open(FlakyStore(MemoryStore(server)), lambda world: world.submit(job(put_boat(), outcomes)))
    assert took < 0.5
    assert outcomes == []
    assert gone(server)


async def test_a_node_in_the_middle_of_a_repair_notices(autojump_clock: MockClock) -> None:
    """Also when the snapshot is what tells, or when ids are asked for."""
    server = memory_server()
    store = FlakyStore(MemoryStore(server))
    store.plan("reserve_ids", Fault(error_before=EpochChanged("")))

    def start_repair(world: World) -> None:
        world.replica.epoch = "doubtful"
        world.follower.alarm()

    with trio.fail_after(DEADLINE_S):
        assert await stay_open(store, start_repair) < 0.5
    assert gone(server)


async def test_a_new_world_of_the_name_is_another_world(autojump_clock: MockClock) -> None:
    """Made before the old one's node noticed: that node starts over in it, and carries nothing into it."""
    server = memory_server()
    resets: list[str] = []
    with trio.fail_after(DEADLINE_S):
        async with open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms, on_reset=resets.append) as old:
            await old.transact(put_boat(gold=1))
            server.model.delete_world(WORLD)
            async with open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as new:
                await new.transact(put_boat(gold=2))
                await trio.sleep(3)
                assert resets == ["epoch"]
                assert list(old.replica.entities) == list(new.replica.entities)
                assert len(server.model.worlds[WORLD].state) == 1


@pytest.mark.parametrize("forgotten_s", [3599, 3601])
async def test_a_deletion_is_remembered_for_an_hour(autojump_clock: MockClock, forgotten_s: float) -> None:
    """So long may a node be stopped and still not bring back what it had open."""
    server = memory_server()
    store = MemoryStore(server)
    await store.attach(WORLD, SCHEMA.fingerprint, 1)
    await store.delete_world(WORLD)
    await trio.sleep(forgotten_s)
    if forgotten_s > 3600:
        assert (await store.attach(WORLD, SCHEMA.fingerprint, 1, again=True)).head.version == 0
    else:
        with pytest.raises(WorldGone):
            await store.attach(WORLD, SCHEMA.fingerprint, 1, again=True)
