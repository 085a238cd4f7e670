"""A new epoch for a world that lost history: made once, keeping all that still is, under names never given before."""

from __future__ import annotations

import attrs
import pytest
import trio

from shared_state.errors import EpochChanged
from shared_state.names import lease_name, session_id
from shared_state.position import NO_STAMP, Head
from shared_state.session_row import SessionHead
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import SCHEMA, Step, Writer


@within(20)
async def test_a_new_epoch_keeps_the_world_and_drops_the_log(target: Target) -> None:
    """State, cells, sessions, version and stamp are as before; deltas of the old epoch are gone."""
    writer = await target.writer()
    row = SessionHead(1)
    step = Step("s1", None, row, b"tail")
    await writer.commit(writer.op(puts={1: b"one"}, cells=[7], step=step))
    before, rows = await target.store.snapshot(target.world), await target.store.session_rows(target.world)
    after = await target.store.renew_epoch(target.world, before.head)
    assert after.epoch not in ("", before.head.epoch)
    assert after == attrs.evolve(before.head, epoch=after.epoch)
    assert await target.other.snapshot(target.world) == attrs.evolve(before, head=after)
    assert await target.other.session_rows(target.world) == rows
    assert set(rows) == {session_id("s1")}
    assert await target.store.log_after(target.world, 0, 100) == []


@within(20)
async def test_of_callers_that_ask_at_once_one_makes_the_epoch(target: Target) -> None:
    """All are told the same new head."""
    writer = await target.writer()
    await writer.put(1, b"one")
    seen = await target.store.head(target.world)
    answers: list[Head] = []

    async def ask(client: int) -> None:
        store = (target.store, target.other)[client % 2]
        answers.append(await store.renew_epoch(target.world, seen))

    async with trio.open_nursery() as nursery:
        for client in range(10):
            nursery.start_soon(ask, client)
    assert len(answers) == 10
    assert set(answers) == {await target.store.head(target.world)}
    assert answers[0].epoch != seen.epoch


@pytest.mark.parametrize("wrong", [{"epoch": "another"}, {"version": 0}, {"version": 2}, {"stamp": b"12345678"}])
@within(20)
async def test_a_world_that_stands_elsewhere_is_left_alone(target: Target, wrong: dict[str, object]) -> None:
    """Epoch, version and stamp must all be what the caller saw; the answer says where the world is."""
    writer = await target.writer()
    await writer.put(1, b"one")
    head = await target.store.head(target.world)
    assert await target.store.renew_epoch(target.world, attrs.evolve(head, **wrong)) == head
    assert await target.store.head(target.world) == head
    assert len(await target.store.log_after(target.world, 0, 100)) == 1


@within(20)
async def test_a_world_that_does_not_exist_gets_no_epoch(target: Target) -> None:
    """Nothing is made."""
    nowhere = Head("", 0, NO_STAMP)
    assert await target.store.renew_epoch(target.world, nowhere) == nowhere
    assert await target.store.renew_epoch(target.world, Head("e", 1, NO_STAMP)) == nowhere
    assert await target.store.head(target.world) == nowhere


@within(20)
async def test_writers_of_the_old_epoch_are_refused_and_new_ones_go_on(target: Target) -> None:
    """Also a batch sent again is refused; the next version follows on the last, and is logged."""
    old = await target.writer()
    await old.put(1, b"one")
    head = await target.store.renew_epoch(target.world, await target.store.head(target.world))
    with pytest.raises(EpochChanged) as caught:
        await target.store.commit(target.world, old.last)
    assert caught.value.epoch == head.epoch
    with pytest.raises(EpochChanged):
        await old.put(1, b"late")
    with pytest.raises(EpochChanged):
        await target.store.reserve_ids(target.world, old.attachment.head.epoch, 5)
    new = await target.writer()
    assert new.attachment.head == head
    await new.put(1, b"two")
    assert (await target.store.head(target.world)).version == head.version + 1
    assert len(await target.store.log_after(target.world, head.version, 100)) == 1


@within(20)
async def test_numbers_of_writers_and_leases_go_on_rising(target: Target) -> None:
    """They follow the store's clock; a held lease stays held, its next token is higher."""
    name = lease_name("leader")
    earlier = [(await Writer.attach(target.store, target.world)).attachment for _ in range(20)]
    held = await target.store.take_lease(target.world, name, "ann", 10)
    assert held is not None
    await target.store.renew_epoch(target.world, await target.store.head(target.world))
    await target.pass_time(1.0)
    later = await target.store.attach(target.world, SCHEMA, 1)
    assert later.incarnation > max(attachment.incarnation for attachment in earlier) + 900
    assert later.ids.first == max(attachment.ids.end for attachment in earlier)
    assert await target.other.take_lease(target.world, name, "bob", 10) is None
    assert await target.store.renew_lease(target.world, held)
    again = await target.store.take_lease(target.world, name, "ann", 10)
    assert again is not None
    assert again.token > held.token
