"""The rows of leases that nobody holds go, and nothing is fenced less for that."""

from __future__ import annotations

import pytest
import trio

from shared_state.names import WorldName, lease_name
from shared_state.redis.keys import world_keys
from shared_state.redis.store import RedisStore
from shared_state.store import LEASES_MOST, SALT_DIGITS, Store
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.test_lease_clocks import AN_HOUR_S, ModelClock
from tests.contract.test_leases import must_take
from tests.contract.writer import SCHEMA

WRECK = lease_name("wreck")


async def take_many(store: Store, world: WorldName, count: int, ttl_s: float, *, release: bool) -> None:
    """Takes many leases, each once."""

    async def take(number: int) -> None:
        grant = await store.take_lease(world, lease_name(f"wreck-{number}"), "ann", ttl_s)
        assert grant is not None
        if release:
            assert await store.release_lease(world, grant)

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(take, number)


@within(30)
async def test_released_leases_leave_nothing_behind(real_store: RedisStore, world: WorldName) -> None:
    """A hundred wrecks are salvaged; the store remembers one number."""
    await take_many(real_store, world, 100, 10, release=True)
    assert await real_store.topology.link_for(world).call("HLEN", world_keys(world).leases) == 1


@within(60)
async def test_leases_of_dead_nodes_go_when_there_are_many(real_store: RedisStore, world: WorldName) -> None:
    """Whoever attaches clears away those that ran out; those that are held stay."""
    held = await real_store.take_lease(world, WRECK, "bob", 100)
    assert held is not None
    await take_many(real_store, world, LEASES_MOST, 0.001, release=False)
    link, leases = real_store.topology.link_for(world), world_keys(world).leases
    assert await link.call("HLEN", leases) == LEASES_MOST + 1
    await real_store.attach(world, SCHEMA, 1)
    assert await link.call("HLEN", leases) == 2
    assert await real_store.renew_lease(world, held)
    await real_store.attach(world, SCHEMA, 1)
    assert await real_store.renew_lease(world, held)


@pytest.mark.parametrize("released", [True, False])
@within(60)
async def test_a_forgotten_holder_stays_fenced(target: Target, released: bool) -> None:
    """P4: its token commits nothing, renews nothing, releases nothing, before and after another takes the lease."""
    writer = await target.writer()
    old = await must_take(target.store, target, "ann", 100 if released else 0.05, WRECK)
    if released:
        assert await target.store.release_lease(target.world, old)
    else:
        await take_many(target.store, target.world, LEASES_MOST, 0.05, release=False)
        await target.pass_time(0.1)
        await target.store.attach(target.world, SCHEMA, 1)
    new = None
    for _ in range(2):
        assert (await writer.commit(writer.op(guards={WRECK: old.token}, puts={1: b"late"}))).codes == "G"
        assert not await target.store.renew_lease(target.world, old)
        assert not await target.store.release_lease(target.world, old)
        new = new or await must_take(target.other, target, "bob", 100, WRECK)
    assert new is not None
    assert new.token > old.token
    assert (await writer.commit(writer.op(guards={WRECK: new.token}, puts={1: b"new"}))).codes == "C"


@within(20)
async def test_tokens_rise_above_those_of_rows_that_went(real_store: RedisStore, world: WorldName) -> None:
    """S14: though the store's clock is behind them, as one that was set back an hour is."""
    ahead = 4_000_000_000_000_000
    await real_store.topology.link_for(world).call("HSET", world_keys(world).leases, ":highest", str(ahead))
    grant = await real_store.take_lease(world, WRECK, "ann", 10)
    assert grant is not None
    assert grant.token // 10**SALT_DIGITS == ahead + 1
    assert await real_store.release_lease(world, grant)
    again = await real_store.take_lease(world, WRECK, "ann", 10)
    assert again is not None
    assert again.token // 10**SALT_DIGITS == ahead + 2


@within(20)
async def test_tokens_of_the_model_rise_above_those_of_rows_that_went(world: WorldName) -> None:
    """S14: the same in memory."""
    clocked = ModelClock(world)
    old = await clocked.must_take("ann")
    assert await clocked.store.release_lease(world, old)
    assert not clocked.model.leases
    await clocked.jump(-AN_HOUR_S)
    assert (await clocked.must_take("bob")).token > old.token
