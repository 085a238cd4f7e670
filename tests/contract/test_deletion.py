"""Deleted worlds: nothing of them is left, nobody goes on in them, and their names can be used again."""

from __future__ import annotations

import random

import pytest

from shared_state.directory_entry import WorldSpec
from shared_state.directory_model import ModelDirectory
from shared_state.directory_names import world_kind
from shared_state.disposal import dispose
from shared_state.errors import EpochChanged, WorldGone
from shared_state.memory_directory import MemoryDirectory
from shared_state.names import WorldName, lease_name
from shared_state.position import NO_STAMP, Head
from shared_state.redis.keys import world_keys
from shared_state.redis.store import RedisStore
from shared_state.session_row import SessionHead
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import SCHEMA, Step, Writer

LEADER = lease_name("leader")


async def lively(target: Target) -> Writer:
    """A writer of a world in which every key is used."""
    writer = await target.writer()
    await writer.commit(writer.op(puts={1: b"one"}, cells=[7], step=Step("s1", None, SessionHead(1), b"tail")))
    assert await target.store.take_lease(target.world, LEADER, "ann", 100) is not None
    return writer


@within(20)
async def test_a_deleted_world_is_gone_for_all_who_read_it(target: Target) -> None:
    """Head, snapshot and new epoch say so; there are no rows and no log."""
    writer = await lively(target)
    await target.other.delete_world(target.world)
    for read in (target.store.head, target.store.snapshot):
        with pytest.raises(WorldGone, match="deleted"):
            await read(target.world)
    with pytest.raises(WorldGone):
        await target.store.renew_epoch(target.world, writer.attachment.head)
    assert await target.store.session_rows(target.world) == {}
    assert await target.store.log_after(target.world, 0, 10) == []


@within(20)
async def test_its_writers_can_change_nothing(target: Target) -> None:
    """Commits, a batch sent again, ids, leases: all refused; a writer does not make the world anew."""
    writer = await lively(target)
    await target.store.delete_world(target.world)
    for batch in (writer.put(2, b"late"), target.store.commit(target.world, writer.last)):
        with pytest.raises(EpochChanged) as caught:
            await batch
        assert caught.value.epoch == ""
    with pytest.raises(EpochChanged):
        await target.store.reserve_ids(target.world, writer.attachment.head.epoch, 5)
    assert await target.store.take_lease(target.world, LEADER, "ann", 100) is None
    with pytest.raises(WorldGone):
        await target.store.attach(target.world, SCHEMA, 10, again=True)
    with pytest.raises(WorldGone):
        await target.store.head(target.world)


@within(20)
async def test_whoever_opens_it_for_the_first_time_makes_a_new_world(target: Target) -> None:
    """Of another epoch, empty, perhaps of another schema; the old one's writers are strangers in it."""
    old = await lively(target)
    await target.store.delete_world(target.world)
    new = await target.other.attach(target.world, "another schema", 10)
    assert new.head.epoch not in ("", old.attachment.head.epoch)
    snapshot = await target.store.snapshot(target.world)
    assert (snapshot.head, snapshot.state, snapshot.cells) == (Head(new.head.epoch, 0, NO_STAMP), {}, {})
    assert await target.store.take_lease(target.world, LEADER, "bob", 100) is not None
    with pytest.raises(EpochChanged):
        await old.put(2, b"late")


@within(20)
async def test_deleting_twice_or_what_never_was_does_no_harm(target: Target) -> None:
    """The caller whose answer was lost calls again."""
    await target.store.delete_world(target.world)
    await target.other.delete_world(target.world)
    assert (await target.writer()).attachment.head.version == 0


@within(20)
async def test_nothing_is_left_in_the_store_but_a_note_that_expires(real_store: RedisStore, world: WorldName) -> None:
    """Also what its former writers try leaves no key behind."""
    writer = await Writer.attach(real_store, world)
    await writer.commit(writer.op(puts={1: b"one"}, cells=[7], step=Step("s1", None, SessionHead(1), b"tail")))
    grant = await real_store.take_lease(world, LEADER, "ann", 100)
    assert grant is not None
    await real_store.delete_world(world)
    await real_store.take_lease(world, LEADER, "ann", 100)
    assert not await real_store.renew_lease(world, grant)
    assert not await real_store.release_lease(world, grant)
    link, keys = real_store.topology.link_for(world), world_keys(world)
    assert await link.call("KEYS", f"*{{{world}}}*") == [keys.meta.encode()]
    assert 0 < await link.call("TTL", keys.meta) <= 3600


@within(20)
async def test_a_world_made_again_does_not_expire(real_store: RedisStore, world: WorldName) -> None:
    """The note's end is not the new world's."""
    await Writer.attach(real_store, world)
    await real_store.delete_world(world)
    await Writer.attach(real_store, world)
    assert await real_store.topology.link_for(world).call("TTL", world_keys(world).meta) == -1


@within(20)
async def test_a_damaged_world_can_be_deleted(real_store: RedisStore, world: WorldName) -> None:
    """Keys of a wrong type are deleted like others: it is a way out."""
    link, keys = real_store.topology.link_for(world), world_keys(world)
    for key in (keys.meta, keys.state):
        await link.call("SET", key, "damaged")
    await real_store.delete_world(world)
    assert (await Writer.attach(real_store, world)).attachment.head.version == 0


@within(20)
async def test_worlds_that_were_empty_for_too_long_are_disposed_of(target: Target) -> None:
    """The directory ends them, the store loses their keys, and then the name is free (S24)."""
    clock_us = [1]
    directory = MemoryDirectory(ModelDirectory(lambda: clock_us[0]), random.Random(1))
    spec = WorldSpec(world_kind("bay"), seats=2, empty_ttl_s=1)
    await directory.create(spec, target.world)
    await lively(target)
    assert await dispose(directory, target.store) == []
    assert (await target.store.head(target.world)).version == 1
    clock_us[0] += 2_000_000
    assert await dispose(directory, target.store) == [target.world]
    with pytest.raises(WorldGone):
        await target.store.head(target.world)
    assert (await directory.create(spec, target.world)) == await directory.get(target.world)
