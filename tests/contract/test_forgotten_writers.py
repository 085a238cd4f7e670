"""The answers of writers that a world remembers are bounded, and forgetting one breaks nothing."""

from __future__ import annotations

import pytest
import trio

from shared_state.errors import UnknownIncarnation
from shared_state.names import WorldName
from shared_state.redis.keys import world_keys
from shared_state.redis.store import RedisStore
from shared_state.store import WRITERS_KEPT, WRITERS_MOST, Store
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import SCHEMA, Writer


async def attach_many(store: Store, world: WorldName, count: int) -> None:
    """Writers that never commit."""
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(store.attach, world, SCHEMA, 1)


@within(60)
async def test_those_that_committed_last_are_remembered(target: Target) -> None:
    """Of too many writers the busy ones keep their answers; a forgotten one is told to attach anew, not let through."""
    busy, idle, silent = await target.writer(), await target.writer(), await target.writer()
    await idle.put(1, b"idle")

    async def pass_by(store: Store) -> None:
        await (await Writer.attach(store, target.world)).put(2, b"passing")

    async with trio.open_nursery() as nursery:
        for _ in range(WRITERS_KEPT):
            nursery.start_soon(pass_by, target.other)
    await attach_many(target.store, target.world, WRITERS_MOST - WRITERS_KEPT - 3)
    await busy.put(3, b"busy")
    answer = await target.store.commit(target.world, busy.last)
    await target.store.attach(target.world, SCHEMA, 1)
    assert await target.store.commit(target.world, busy.last) == answer
    with pytest.raises(UnknownIncarnation):
        await target.store.commit(target.world, idle.last)
    for forgotten in (idle, silent):
        with pytest.raises(UnknownIncarnation):
            await forgotten.put(4, b"late")
    assert (await target.store.head(target.world)).version == answer.version


@within(60)
async def test_a_world_that_is_opened_for_ever_does_not_grow(real_store: RedisStore, world: WorldName) -> None:
    """However many nodes come and go, its head has a bounded number of fields."""
    link, meta = real_store.topology.link_for(world), world_keys(world).meta
    sizes = []
    for _ in range(60):
        await attach_many(real_store, world, 50)
        sizes.append(await link.call("HLEN", meta))
    assert max(sizes) == WRITERS_MOST + 7
    assert sizes[-1] >= WRITERS_KEPT
