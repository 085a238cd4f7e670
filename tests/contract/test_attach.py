"""Becoming a writer: new worlds, incarnations, entity ids."""

from __future__ import annotations

import pytest
import trio

from shared_state.errors import EpochChanged, IncompatibleWorld
from shared_state.position import NO_STAMP, Head
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import SCHEMA


@within(20)
async def test_a_world_that_does_not_exist_has_an_empty_head_and_snapshot(target: Target) -> None:
    """Reading a world does not make it."""
    nowhere = Head("", 0, NO_STAMP)
    assert await target.store.head(target.world) == nowhere
    snapshot = await target.store.snapshot(target.world)
    assert (snapshot.head, snapshot.state, snapshot.cells) == (nowhere, {}, {})
    assert await target.store.log_after(target.world, 0, 10) == []


@within(20)
async def test_the_first_writer_makes_the_world(target: Target) -> None:
    """A new world is at version 0 of an epoch of its own."""
    attachment = await target.store.attach(target.world, SCHEMA, 10)
    assert attachment.head == await target.store.head(target.world)
    assert attachment.head.version == 0
    assert attachment.head.epoch
    assert attachment.ids.end - attachment.ids.first == 10


@within(20)
async def test_incarnations_rise(target: Target) -> None:
    """No two writers of a world have the same number."""
    numbers = [
        (await client.attach(target.world, SCHEMA, 1)).incarnation for client in (target.store, target.other) * 5
    ]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 1_000_000_000, (
        "an incarnation is at least the milliseconds since 2026, also after a loss of data"
    )


@within(20)
async def test_another_schema_is_refused(target: Target) -> None:
    """A writer of another schema does not get in, and takes nothing."""
    before = await target.store.attach(target.world, SCHEMA, 1)
    with pytest.raises(IncompatibleWorld, match="schema"):
        await target.other.attach(target.world, "another", 1)
    after = await target.store.attach(target.world, SCHEMA, 1)
    assert after.ids.first == before.ids.end


@within(20)
async def test_ids_are_given_once(target: Target) -> None:
    """Blocks of many writers, taken at once, do not overlap."""
    epoch = (await target.store.attach(target.world, SCHEMA, 7)).head.epoch
    taken = list(range(1, 8))

    async def take() -> None:
        for client in (target.store, target.other) * 3:
            block = await client.reserve_ids(target.world, epoch, 5)
            taken.extend(range(block.first, block.end))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(take)
    assert len(taken) == len(set(taken)) == 7 + 5 * 6 * 5


@within(20)
async def test_ids_of_another_epoch_are_refused(target: Target) -> None:
    """A writer of an old history gets no ids of the new one."""
    epoch = (await target.store.attach(target.world, SCHEMA, 1)).head.epoch
    with pytest.raises(EpochChanged) as caught:
        await target.store.reserve_ids(target.world, "another", 5)
    assert caught.value.epoch == epoch
