"""Leases on a store whose clock jumps, or which is replaced by a replica with another clock and older data.

The clock of a real server cannot be moved; what is moved are the times in its rows, which is the same to it.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator

import pytest

from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import WorldName, lease_name
from shared_state.redis.keys import world_keys
from shared_state.redis.store import RedisStore, open_store
from shared_state.store import LeaseGrant, Store
from shared_state.store_model import ModelStore
from tests.contract.conftest import START_US
from tests.contract.deadline import within
from tests.contract.writer import Writer

NAME = lease_name("leader")
TTL_S = 10.0
AN_HOUR_S = 3600.0


class Clocked:
    """A store whose clock can be moved and whose leases can be lost."""

    def __init__(self, store: Store, world: WorldName) -> None:
        self.store, self.world = store, world

    async def take(self, owner: str) -> LeaseGrant | None:
        """Asks for the lease."""
        return await self.store.take_lease(self.world, NAME, owner, TTL_S)

    async def must_take(self, owner: str) -> LeaseGrant:
        """Takes the lease, which is free."""
        grant = await self.take(owner)
        assert grant is not None
        return grant

    async def jump(self, seconds: float) -> None:
        """The store's clock goes forward, or back."""
        raise NotImplementedError

    async def lose(self) -> None:
        """The lease is not in the data that the store has now."""
        raise NotImplementedError


class ModelClock(Clocked):
    """In memory."""

    def __init__(self, world: WorldName) -> None:
        self.now_us = START_US
        self.model = ModelStore(lambda: self.now_us, lambda: "e")
        super().__init__(MemoryStore(MemoryServer(self.model)), world)

    async def jump(self, seconds: float) -> None:
        """See ``Clocked``."""
        self.now_us += round(seconds * 1e6)

    async def lose(self) -> None:
        """See ``Clocked``."""
        self.model.leases.clear()


class RowClock(Clocked):
    """On a real server."""

    def __init__(self, store: RedisStore, world: WorldName) -> None:
        self.link, self.key = store.topology.link_for(world), world_keys(world).leases
        super().__init__(store, world)

    async def jump(self, seconds: float) -> None:
        """See ``Clocked``."""
        row = await self.link.call("HGET", self.key, NAME)
        (expiry_us,) = struct.unpack_from(">Q", row)
        later = max(0, expiry_us - round(seconds * 1e6))
        await self.link.call("HSET", self.key, NAME, struct.pack(">Q", later) + row[8:])

    async def lose(self) -> None:
        """See ``Clocked``."""
        await self.link.call("DEL", self.key)


@pytest.fixture(params=["memory", "valkey", "redis"])
async def clocked(request: pytest.FixtureRequest, world: WorldName) -> AsyncIterator[Clocked]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield ModelClock(world)
    else:
        server = request.getfixturevalue(f"{request.param}_server")
        async with open_store(server.url) as store:
            yield RowClock(store, world)


@within(20)
async def test_no_token_comes_twice_whatever_is_lost(clocked: Clocked) -> None:
    """S14: the row is gone and the clock shows again what it showed; whoever takes the lease gets a new token."""
    tokens = set()
    for round_ in range(50):
        grant = await clocked.must_take("ann" if round_ % 2 else "bob")
        tokens.add(grant.token)
        await clocked.jump(1)
        await clocked.jump(-1)
        await clocked.lose()
    assert len(tokens) == 50


@within(20)
async def test_tokens_rise_while_the_row_is_there(clocked: Clocked) -> None:
    """However far the clock goes back."""
    tokens = []
    for _ in range(10):
        grant = await clocked.must_take("ann")
        tokens.append(grant.token)
        await clocked.jump(-AN_HOUR_S)
    assert tokens == sorted(set(tokens))


@within(20)
async def test_a_dead_owners_lease_ends_after_one_term_though_the_clock_went_back(clocked: Clocked) -> None:
    """Not an hour later: the first who asks cuts it to the term it was taken for."""
    await clocked.must_take("ann")
    await clocked.jump(-AN_HOUR_S)
    assert await clocked.take("bob") is None
    await clocked.jump(TTL_S * 0.9)
    assert await clocked.take("bob") is None
    await clocked.jump(TTL_S * 0.1 + 0.1)
    await clocked.must_take("bob")


@within(20)
async def test_a_living_owner_keeps_its_lease_though_the_clock_went_back(clocked: Clocked) -> None:
    """It renews as before; who else asks does not disturb it."""
    grant = await clocked.must_take("ann")
    await clocked.jump(-AN_HOUR_S)
    for _ in range(3):
        assert await clocked.take("bob") is None
        await clocked.jump(TTL_S / 3)
        assert await clocked.store.renew_lease(clocked.world, grant)


@within(20)
async def test_a_clock_that_goes_forward_ends_leases_and_nothing_brings_them_back(clocked: Clocked) -> None:
    """S19: the owner is told at its next renewal, and what it still commits under the old token is refused (P4)."""
    writer = await Writer.attach(clocked.store, clocked.world)
    ann = await clocked.must_take("ann")
    assert (await writer.commit(writer.op(guards={NAME: ann.token}, puts={1: b"ann"}))).codes == "C"
    await clocked.jump(TTL_S + 1)
    assert not await clocked.store.renew_lease(clocked.world, ann)
    assert not await clocked.store.release_lease(clocked.world, ann)
    bob = await clocked.must_take("bob")
    assert bob.token > ann.token
    guarded = [writer.op(guards={NAME: grant.token}, puts={2: b"x"}) for grant in (ann, bob)]
    assert (await writer.commit(*guarded)).codes == "GC"
    await clocked.jump(-TTL_S - 1)
    guarded = [writer.op(guards={NAME: grant.token}, puts={2: b"x"}) for grant in (ann, bob)]
    assert (await writer.commit(*guarded)).codes == "GC"


@within(20)
async def test_a_lost_lease_is_no_lease(clocked: Clocked) -> None:
    """S14: after a failover that lost it, its owner can neither renew nor commit, and the next one fences it."""
    writer = await Writer.attach(clocked.store, clocked.world)
    ann = await clocked.must_take("ann")
    await clocked.lose()
    assert not await clocked.store.renew_lease(clocked.world, ann)
    assert (await writer.commit(writer.op(guards={NAME: ann.token}, puts={1: b"x"}))).codes == "G"
    bob = await clocked.must_take("bob")
    assert bob.token != ann.token
    assert (await writer.commit(writer.op(guards={NAME: ann.token}, puts={1: b"x"}))).codes == "G"
