"""Additions inside the store: bounds, tags, what the delta says."""

from __future__ import annotations

import struct

import pytest

from shared_state.batch import COMMITTED, CONFLICT, TARGET_GONE
from shared_state.delta import Added, decode_delta
from shared_state.entity import NO_TAG, Tag, blind
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import Writer, add_op

OFFSET = 3


def counter(value: float) -> bytes:
    """A stored entity with one counter at ``OFFSET``."""
    return b"\x00\x92\xcb" + struct.pack(">d", value) + b"\xa5after"


def adding(
    writer: Writer, delta: float, seen: bytes, low: float = 0.0, high: float = 100.0
) -> tuple[bytes, list[object]]:
    """A tag and the addition made under it."""
    tag = writer.tag()
    return tag, add_op(1, OFFSET, delta, low, high, (seen, tag, blind(Tag(tag))))


@pytest.mark.parametrize(
    ("start", "delta", "left"),
    [(10.0, 5, 15.0), (10.0, -2.5, 7.5), (98.0, 5, 100.0), (3.0, -5, 0.0), (0.1, 0.2, 0.1 + 0.2), (99.99, 0.01, 100.0)],
)
@within(20)
async def test_an_addition_stays_within_its_bounds(target: Target, start: float, delta: float, left: float) -> None:
    """The store adds in double precision and clamps; the bytes around the counter stay."""
    writer = await target.writer()
    seen = await writer.put(1, counter(start))
    tag, add = adding(writer, delta, seen)
    assert (await writer.commit(writer.op(adds=add))).codes == COMMITTED
    assert (await target.store.snapshot(target.world)).state == {1: tag + counter(left)}


@within(20)
async def test_additions_never_conflict_and_show_what_they_met(target: Target) -> None:
    """The one that met what its writer saw leaves a tag that can be built on, another leaves one nobody can match."""
    writer, rival = await target.writer(), await target.writer()
    seen = await writer.put(1, counter(10))
    first, first_add = adding(writer, 1, seen)
    second, second_add = adding(rival, 1, seen)
    assert (await writer.commit(writer.op(adds=first_add))).codes == COMMITTED
    assert (await rival.commit(rival.op(adds=second_add))).codes == COMMITTED
    state = (await target.store.snapshot(target.world)).state
    assert state == {1: blind(Tag(second)) + counter(12)}
    assert (await rival.commit(rival.op(reads={1: second}, puts={1: b"x"}))).codes == CONFLICT
    assert (await writer.commit(writer.op(reads={1: first}, puts={1: b"x"}))).codes == CONFLICT


@within(20)
async def test_several_additions_of_one_transaction(target: Target) -> None:
    """Additions of one transaction apply in order, and the delta gives each result whole."""
    writer = await target.writer()
    seen = await writer.put(1, counter(99))
    tag = writer.tag()
    other = blind(Tag(tag))
    adds = add_op(1, OFFSET, 5, 0, 100, (seen, tag, other)) + add_op(1, OFFSET, -1, 0, 100, (tag, tag, other))
    await writer.commit(writer.op(adds=adds))
    assert (await target.store.snapshot(target.world)).state == {1: tag + counter(99)}
    logged = await target.store.log_after(target.world, 1, 1)
    (record,) = decode_delta(logged[0]).records
    assert record.added == [Added(1, tag, counter(100)), Added(1, tag, counter(99))]


@within(20)
async def test_adding_to_what_is_gone_is_told(target: Target) -> None:
    """Without its target an addition does nothing, and nor does the rest of its transaction."""
    writer = await target.writer()
    _, add = adding(writer, 1, NO_TAG)
    reply = await writer.commit(writer.op(adds=add, puts={2: b"x"}))
    assert reply.codes == TARGET_GONE
    assert (await target.store.snapshot(target.world)).state == {}


@within(20)
async def test_adding_to_what_an_earlier_transaction_of_the_batch_made(target: Target) -> None:
    """An addition sees the writes before it in its batch."""
    writer = await target.writer()
    made = writer.op(puts={1: counter(1)})
    tag, add = adding(writer, 41, made.tag)
    assert (await writer.commit(made, writer.op(adds=add))).codes == COMMITTED * 2
    assert (await target.store.snapshot(target.world)).state == {1: tag + counter(42)}


@within(20)
async def test_a_large_entity_is_added_to(target: Target) -> None:
    """The delta of an addition holds blobs above 64 KB."""
    writer = await target.writer()
    seen = await writer.put(1, counter(1) + bytes(70_000))
    tag, add = adding(writer, 1, seen)
    await writer.commit(writer.op(adds=add))
    (payload,) = await target.store.log_after(target.world, 1, 1)
    assert decode_delta(payload).records[0].added == [Added(1, tag, counter(2) + bytes(70_000))]
