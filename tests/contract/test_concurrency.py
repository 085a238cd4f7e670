"""Several writers at once: one order, no lost update."""

from __future__ import annotations

import trio

from shared_state.delta import decode_delta
from shared_state.entity import NO_TAG
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import Writer

INCREMENTS = 25


async def increment(writer: Writer, target: Target) -> None:
    """Reads a number, adds one and writes it, until that commits."""
    while True:
        stored = (await writer.store.snapshot(target.world)).state.get(1)
        seen, value = (stored[:8], int(stored[8:])) if stored else (NO_TAG, 0)
        reply = await writer.commit(writer.op(reads={1: seen}, puts={1: b"%d" % (value + 1)}))
        if reply.codes == "C":
            return


@within(30)
async def test_concurrent_increments_are_all_counted(target: Target) -> None:
    """Optimistic read-modify-write from two clients loses nothing, and every version is one of them."""

    async def work(writer: Writer) -> None:
        for _ in range(INCREMENTS):
            await increment(writer, target)

    writers = [await Writer.attach(store, target.world) for store in (target.store, target.other) * 2]
    async with trio.open_nursery() as nursery:
        for writer in writers:
            nursery.start_soon(work, writer)
    stored = (await target.store.snapshot(target.world)).state[1]
    assert int(stored[8:]) == 4 * INCREMENTS
    deltas = [decode_delta(payload) for payload in await target.store.log_after(target.world, 0, 1000)]
    values = [write.blob for delta in deltas for record in delta.records for write in record.writes]
    assert values == [b"%d" % number for number in range(1, 4 * INCREMENTS + 1)]


@within(20)
async def test_an_acknowledged_commit_precedes_what_starts_later(target: Target) -> None:
    """What one client was told is committed, the other reads, and its own commit gets a later version."""
    writer = await Writer.attach(target.store, target.world)
    rival = await Writer.attach(target.other, target.world)
    for number in range(10):
        mine = await writer.commit(writer.op(puts={1: b"%d" % number}))
        assert (await target.other.head(target.world)).version == mine.version
        theirs = await rival.commit(rival.op(puts={2: b"%d" % number}))
        assert theirs.version == mine.version + 1


@within(20)
async def test_a_cancelled_call_disturbs_no_other(target: Target) -> None:
    """Answers of calls around cancelled ones are their own."""
    writer = await target.writer()
    await writer.put(1, b"mine")
    for _ in range(20):
        with trio.CancelScope() as scope:
            scope.cancel()
            await target.store.snapshot(target.world)
        assert (await target.store.head(target.world)).version == 1
        assert set((await target.store.snapshot(target.world)).state) == {1}
