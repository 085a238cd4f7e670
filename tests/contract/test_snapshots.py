"""Snapshots of large worlds: pages and a log that make one version, or are read again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio

from shared_state.errors import StoreError
from shared_state.names import WorldName
from shared_state.redis.keys import world_keys
from shared_state.redis.snapshots import Paging
from shared_state.redis.store import RedisStore
from shared_state.replica import Replica
from shared_state.store import Snapshot
from tests.contract.deadline import within
from tests.contract.sailing import BusyLink, BusyServer, Sailor, busy, contents
from tests.unit.shared_state.small_world import SCHEMA

BOATS = 700
"""More than the servers keep in one small table, which is always read whole."""
PAGING = Paging(whole_fields=100, page_fields=64, log_deltas=7)
WHOLE = Paging(whole_fields=1_000_000)

SEEDS = 12

BeforeCall = Callable[[int], Awaitable[None]]


def paged(store: RedisStore, world: WorldName, before_call: BeforeCall) -> tuple[RedisStore, BusyLink]:
    """The store, read in small pages, something happening before each call."""
    link = busy(store, world, before_call)
    return attrs.evolve(store, topology=BusyServer(link), paging=PAGING), link


def loaded(snapshot: Snapshot) -> Replica:
    """A replica of a snapshot."""
    replica = Replica(SCHEMA)
    replica.load(snapshot)
    return replica


async def sea(store: RedisStore, world: WorldName, seed: int = 0) -> Sailor:
    """A large world, and a writer of it."""
    sailor = await Sailor.attach(store, world, random.Random(seed))
    await sailor.fill(BOATS)
    return sailor


async def is_true(store: RedisStore, sailor: Sailor, snapshot: Snapshot) -> bool:
    """Whether a snapshot, brought up to date by the log, is what one script reads now that nobody writes."""
    replica = loaded(snapshot)
    reader = attrs.evolve(sailor, replica=replica)
    await reader.catch_up()
    whole = loaded(await attrs.evolve(store, paging=WHOLE).snapshot(sailor.world))
    return contents(replica) == contents(whole)


@within(20)
async def test_a_quiet_large_world_is_the_same_in_pages(real_store: RedisStore, world: WorldName) -> None:
    """Pages that nothing happened between need no log."""
    await sea(real_store, world)
    pages = await attrs.evolve(real_store, paging=PAGING).snapshot(world)
    assert pages == await attrs.evolve(real_store, paging=WHOLE).snapshot(world)
    assert len(pages.state) == BOATS
    assert pages.log == ()


@pytest.mark.parametrize("seed", range(SEEDS))
@within(30)
async def test_a_world_that_changes_between_pages(real_store: RedisStore, world: WorldName, seed: int) -> None:
    """Things are made, moved, filled and sunk before every call: one version comes out, the last page's or a later."""
    sailor = await sea(real_store, world, seed)
    history = {sailor.replica.version: contents(sailor.replica)}

    async def change(_: int) -> None:
        for _ in range(sailor.rng.randrange(3)):
            await sailor.act()
            history[sailor.replica.version] = contents(sailor.replica)

    store, link = paged(real_store, world, change)
    snapshot = await store.snapshot(world)
    assert link.calls > BOATS // 64
    assert snapshot.log
    assert contents(loaded(snapshot)) == history[snapshot.head.version]
    assert await is_true(real_store, sailor, snapshot)


@within(60)
async def test_a_world_that_others_change_at_the_same_time(real_store: RedisStore, world: WorldName) -> None:
    """Two writers never pause while it is read ten times."""
    first = await sea(real_store, world)
    second = await Sailor.attach(real_store, world, random.Random(2))
    snapshots: list[Snapshot] = []

    async def sail(sailor: Sailor) -> None:
        while True:
            await sailor.act()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sail, first)
        nursery.start_soon(sail, second)
        snapshots.extend([await attrs.evolve(real_store, paging=PAGING).snapshot(world) for _ in range(10)])
        nursery.cancel_scope.cancel()
    assert any(snapshot.log for snapshot in snapshots)
    for snapshot in snapshots:
        assert await is_true(real_store, second, snapshot)


@within(30)
async def test_a_log_trimmed_meanwhile_has_the_world_read_again(real_store: RedisStore, world: WorldName) -> None:
    """What the first attempt lacks, the second does not."""
    sailor = await sea(real_store, world)

    async def trim(call: int) -> None:
        if call == 5:
            await sailor.act()
            await real_store.topology.link_for(world).call("XTRIM", world_keys(world).log, "MAXLEN", 0)
            await sailor.act()

    store, link = paged(real_store, world, trim)
    snapshot = await store.snapshot(world)
    assert contents(loaded(snapshot)) == contents(sailor.replica)
    assert snapshot.log == ()
    assert link.calls > 12


@within(30)
async def test_a_new_epoch_meanwhile_has_the_world_read_again(real_store: RedisStore, world: WorldName) -> None:
    """Nothing of the old history is left in what is read."""
    await sea(real_store, world)
    heirs: list[Sailor] = []

    async def forget(call: int) -> None:
        if call == 5:
            await real_store.topology.link_for(world).call("DEL", world_keys(world).meta)
            heirs.append(await sea(real_store, world))

    store, _ = paged(real_store, world, forget)
    snapshot = await store.snapshot(world)
    assert contents(loaded(snapshot)) == contents(heirs[0].replica)


@within(30)
async def test_a_page_of_a_lost_history_has_the_world_read_again(real_store: RedisStore, world: WorldName) -> None:
    """The store goes back by a version after a page was read from it: the log alone would not show it."""
    sailor = await sea(real_store, world)
    direct = real_store.topology.link_for(world)
    keys = world_keys(world)
    kept: list[bytes] = []

    async def go_back(call: int) -> None:
        if call == 1:
            kept.extend([await direct.call("DUMP", key) for key in keys.all[:4]])
            await sailor.act()
        if call == 5:
            for key, dump in zip(keys.all[:4], kept, strict=True):
                await direct.call("RESTORE", key, 0, dump, "REPLACE")
            heir = attrs.evolve(sailor, replica=loaded(await attrs.evolve(real_store, paging=WHOLE).snapshot(world)))
            heir.number -= 1
            await heir.act()

    store, _ = paged(real_store, world, go_back)
    snapshot = await store.snapshot(world)
    assert await is_true(real_store, sailor, snapshot)


@within(30)
async def test_a_new_connection_meanwhile_has_the_world_read_again(real_store: RedisStore, world: WorldName) -> None:
    """Cursors mean something to one server only, and behind a new connection there may be another."""
    sailor = await sea(real_store, world)

    async def reconnect(call: int) -> None:
        link.reconnected += call == 5

    store, link = paged(real_store, world, reconnect)
    quiet, without = paged(real_store, world, _nothing)
    assert await store.snapshot(world) == await quiet.snapshot(world)
    assert link.calls > without.calls
    assert await is_true(real_store, sailor, await store.snapshot(world))


@within(30)
async def test_a_world_that_cannot_be_read_is_given_up(real_store: RedisStore, world: WorldName) -> None:
    """When the log is trimmed in every attempt, the error says what happened."""
    sailor = await sea(real_store, world)

    async def trim(_: int) -> None:
        await sailor.act()
        await real_store.topology.link_for(world).call("XTRIM", world_keys(world).log, "MAXLEN", 0)

    store, _ = paged(real_store, world, trim)
    with pytest.raises(StoreError, match="faster than it could be read, 3 times"):
        await store.snapshot(world)


async def _nothing(_: int) -> None:
    await trio.lowlevel.checkpoint()
