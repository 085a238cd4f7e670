"""When the server refuses a script half-way or at its start, every key is as it was (S21). Real servers only."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from shared_state.errors import StoreError
from shared_state.names import WorldName, lease_name
from shared_state.redis import scripts
from shared_state.redis.keys import world_keys
from shared_state.redis.store import RedisStore, open_store
from shared_state.session_row import SessionHead
from shared_state.store import SALT_DIGITS
from tests.contract.deadline import within
from tests.contract.writer import Recorder, Step, Writer

KEYS = ("state", "cells", "meta", "log", "sessions", "leases")


async def dump(store: RedisStore, world: WorldName) -> list[Any]:
    """Every key of a world, byte for byte."""
    link = store.topology.link_for(world)
    return [await link.call("DUMP", getattr(world_keys(world), key)) for key in KEYS]


def blind_op(writer: Writer) -> Any:
    """A transaction that touches every key it can without having read any."""
    return writer.op(puts={1: b"x"}, cells=[1], step=Step("s", None, SessionHead(1), b"tail"))


@pytest.mark.parametrize("key", ["state", "cells", "log", "sessions"])
@within(20)
async def test_a_key_of_a_wrong_type_refuses_the_whole_commit(
    real_store: RedisStore, world: WorldName, key: str
) -> None:
    """Whichever key the operator damaged, no other is touched and nothing is published."""
    writer = await Writer.attach(real_store, world)
    link = real_store.topology.link_for(world)
    recorder = Recorder()
    async with real_store.subscribe(world, recorder):
        await link.call("SET", getattr(world_keys(world), key), "damaged")
        before = await dump(real_store, world)
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await writer.commit(blind_op(writer))
        assert await dump(real_store, world) == before
        await link.call("DEL", getattr(world_keys(world), key))
        assert (await real_store.commit(world, writer.last)).codes == "C"
        await recorder.until(deltas=1)


@within(20)
async def test_a_damaged_lease_key_refuses_guarded_commits(real_store: RedisStore, world: WorldName) -> None:
    """A guard that cannot be read is not held."""
    writer = await Writer.attach(real_store, world)
    link = real_store.topology.link_for(world)
    await link.call("SET", world_keys(world).leases, "damaged")
    before = await dump(real_store, world)
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await writer.commit(writer.op(guards={"l": 1}, puts={1: b"x"}))
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await real_store.take_lease(world, lease_name("l"), "ann", 1)
    assert await dump(real_store, world) == before


@within(20)
async def test_a_damaged_meta_key_refuses_everything(real_store: RedisStore, world: WorldName) -> None:
    """Without its head a world takes no writer, no batch and no ids."""
    writer = await Writer.attach(real_store, world)
    link = real_store.topology.link_for(world)
    await link.call("SET", world_keys(world).meta, "damaged")
    before = await dump(real_store, world)
    for call in (
        writer.commit(blind_op(writer)),
        Writer.attach(real_store, world),
        real_store.reserve_ids(world, "e", 1),
    ):
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await call
    assert await dump(real_store, world) == before


@within(20)
async def test_a_log_that_is_ahead_refuses_the_commit(real_store: RedisStore, world: WorldName) -> None:
    """When the log holds later versions than the world has, the history was tampered with: nothing is written."""
    writer = await Writer.attach(real_store, world)
    await real_store.topology.link_for(world).call("XADD", world_keys(world).log, "7-0", "d", "x")
    before = await dump(real_store, world)
    with pytest.raises(StoreError, match="equal or smaller"):
        await writer.commit(blind_op(writer))
    assert await dump(real_store, world) == before


@within(20)
async def test_a_batch_that_is_no_batch_is_refused(real_store: RedisStore, world: WorldName) -> None:
    """Damaged bytes, for both scripts, and a counter beyond the end of its entity change nothing."""
    writer = await Writer.attach(real_store, world)
    seen = await writer.put(1, b"short")
    before = await dump(real_store, world)
    for script in (scripts.COMMIT_EACH, scripts.COMMIT_WHOLE):
        with pytest.raises(StoreError):
            await script.run(real_store.topology.link_for(world), world_keys(world).all, b"\x91", b"")
    with pytest.raises(StoreError):
        await writer.commit(writer.op(puts={2: b"x"}), writer.op(adds=["1", 50, 1.0, 0.0, 9.0, seen, seen, seen]))
    assert await dump(real_store, world) == before


@within(20)
async def test_a_full_memory_refuses_the_commit_at_its_start(real_store: RedisStore, world: WorldName) -> None:
    """Out of memory nothing is written, readers still read, and with memory again the same batch commits."""
    writer = await Writer.attach(real_store, world)
    link = real_store.topology.link_for(world)
    before = await dump(real_store, world)
    await link.call("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreError, match="OOM"):
            await writer.commit(blind_op(writer))
        assert (await real_store.snapshot(world)).state == {}
        assert await dump(real_store, world) == before
    finally:
        await link.call("CONFIG", "SET", "maxmemory", "0")
    assert (await real_store.commit(world, writer.last)).codes == "C"


@within(20)
async def test_a_world_of_another_format_is_refused(real_store: RedisStore, world: WorldName) -> None:
    """Data that a later version wrote is not read as ours."""
    await Writer.attach(real_store, world)
    await real_store.topology.link_for(world).call("HSET", world_keys(world).meta, "format", "99")
    with pytest.raises(StoreError, match="format 99"):
        await Writer.attach(real_store, world)


@within(20)
async def test_a_world_that_lost_its_head_starts_anew(real_store: RedisStore, world: WorldName) -> None:
    """Remains of an older history do not meet the ids and versions of the new one; lease tokens go on rising."""
    writer = await Writer.attach(real_store, world)
    await writer.commit(blind_op(writer))
    grant = await real_store.take_lease(world, lease_name("l"), "ann", 10)
    await real_store.topology.link_for(world).call("DEL", world_keys(world).meta)
    again = await Writer.attach(real_store, world)
    assert again.attachment.head.epoch != writer.attachment.head.epoch
    snapshot = await real_store.snapshot(world)
    assert (snapshot.state, snapshot.cells, snapshot.head.version) == ({}, {}, 0)
    assert (await again.commit(blind_op(again))).version == 1
    taken = await real_store.take_lease(world, lease_name("l"), "ann", 10)
    assert grant is not None
    assert taken is not None
    assert taken.token > grant.token
    assert attrs.evolve(taken, token=grant.token) == grant


@within(20)
async def test_a_lease_row_from_an_older_backup_gives_no_old_token(real_store: RedisStore, world: WorldName) -> None:
    """Tokens are at least the store's clock, so a row that went back in time repeats none."""
    name = lease_name("l")
    grant = await real_store.take_lease(world, name, "ann", 10)
    assert grant is not None
    old_row = bytes(16) + b"5" + b"7" * SALT_DIGITS + b"\0ann"
    await real_store.topology.link_for(world).call("HSET", world_keys(world).leases, name, old_row)
    again = await real_store.take_lease(world, name, "bob", 10)
    assert again is not None
    assert again.token > grant.token


@pytest.mark.parametrize(
    ("rule", "command"),
    [("-spublish", "SPUBLISH"), ("resetchannels", "SPUBLISH"), ("-hdel", "HDEL"), ("-xadd", "XADD")],
)
@within(20)
async def test_a_user_that_may_not_do_all_that_commits_need_is_no_writer(
    real_store: RedisStore, world: WorldName, rule: str, command: str
) -> None:
    """Who loses a right while it is connected is told when it attaches, not in the middle of its first commit."""
    link = real_store.topology.link_for(world)
    address = link.address
    await link.call("ACL", "SETUSER", "weak", "reset", "on", ">secret", "~*", "&*", "+@all")
    async with open_store(f"unix://weak:secret@{address.path}") as weak:
        await link.call("ACL", "SETUSER", "weak", rule)
        with pytest.raises(StoreError, match=f"may not run {command}"):
            await Writer.attach(weak, world)
    assert (await real_store.head(world)).epoch == ""
