"""Bytes and numbers come back as they went in, however large, strange or many (S09, S21)."""

from __future__ import annotations

import struct

import msgspec
import pytest

from shared_state.batch import COMMITTED
from shared_state.delta import EventOut, decode_delta
from shared_state.entity import MAX_INCARNATION, TagMaker
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import make_op

NUMBERS = [2**53 - 1, 10**14 + 1, 1_795_563_823_851_401, 3.99, 0.1 + 0.2, -0.0, 1e308, 5e-324, -(2**53) + 1]
MANY = 10_000


@within(20)
async def test_numbers_are_not_rounded(target: Target) -> None:
    """Ids, cells, counters and fields with 53-bit and fractional values survive every path byte for byte."""
    writer = await target.writer()
    blob = msgspec.msgpack.encode([NUMBERS, [], {}, None, ""])
    ids = [2**53 - 1, 10**14 + 1, 1_795_563_823_851_401]
    op = writer.op(puts=dict.fromkeys(ids, blob), cells=ids, events=[EventOut("e", 2**53 - 1, "", NUMBERS)])
    assert (await writer.commit(op)).codes == COMMITTED
    snapshot = await target.store.snapshot(target.world)
    assert snapshot.state == dict.fromkeys(ids, op.tag + blob)
    assert snapshot.cells == dict.fromkeys(ids, op.tag)
    (payload,) = await target.store.log_after(target.world, 0, 1)
    (record,) = decode_delta(payload).records
    assert [(write.id, write.blob) for write in record.writes] == [(entity, blob) for entity in ids]
    assert record.events == [EventOut("e", 2**53 - 1, "", NUMBERS)]


@pytest.mark.parametrize("value", [2.0**53 - 1, 1e14 + 1, 3.99, 1e300, 0.1])
@within(20)
async def test_a_sum_is_a_double(target: Target, value: float) -> None:
    """Adding zero within wide bounds gives the bytes back."""
    writer = await target.writer()
    blob = b"\x00\x91\xcb" + struct.pack(">d", value)
    seen = await writer.put(2**53 - 1, blob)
    tag = writer.tag()
    await writer.commit(writer.op(adds=[str(2**53 - 1), 3, 0.0, -1e308, 1e308, seen, tag, tag]))
    assert (await target.store.snapshot(target.world)).state == {2**53 - 1: tag + blob}


@within(20)
async def test_any_byte_can_be_in_a_value(target: Target) -> None:
    """Zero bytes, line ends, invalid text; lengths around every size class of the encodings."""
    writer = await target.writer()
    puts = {
        size + 1: (bytes(range(256)) * 300)[:size] for size in (1, 23, 24, 31, 32, 247, 248, 255, 256, 65_527, 65_536)
    }
    op = writer.op(puts=puts)
    assert (await writer.commit(op)).codes == COMMITTED
    assert (await target.store.snapshot(target.world)).state == {key: op.tag + blob for key, blob in puts.items()}
    (payload,) = await target.store.log_after(target.world, 0, 1)
    assert {write.id: write.blob for write in decode_delta(payload).records[0].writes} == puts


@within(20)
async def test_the_highest_tags_are_told_apart(target: Target) -> None:
    """Tags of the last incarnation differ in their last bit; as floating-point numbers they would be one."""
    tags = TagMaker(MAX_INCARNATION)
    writer = await target.writer()
    first, second = tags.make(), tags.make()
    await writer.commit(make_op(first, puts={1: b"a"}))
    assert (await writer.commit(make_op(second, reads={1: second}, puts={1: b"x"}))).codes == "R"
    assert (await writer.commit(make_op(second, reads={1: first}, puts={1: b"b"}))).codes == "C"


@within(30)
async def test_ten_thousand_writes_in_one_transaction(target: Target) -> None:
    """No bound of the script engine is met by a large transaction, its deletion, or its snapshot."""
    writer = await target.writer()
    made = writer.op(puts=dict.fromkeys(range(MANY), b"x"), cells=range(1, MANY))
    assert (await writer.commit(made)).codes == COMMITTED
    snapshot = await target.store.snapshot(target.world)
    assert (len(snapshot.state), len(snapshot.cells)) == (MANY, MANY - 1)
    everything = dict.fromkeys(range(MANY), made.tag)
    gone = writer.op(reads=everything, scans={1: made.tag}, puts=dict.fromkeys(range(MANY)))
    assert (await writer.commit(gone)).codes == COMMITTED
    assert (await target.store.snapshot(target.world)).state == {}


@within(30)
async def test_ten_thousand_transactions_in_one_batch(target: Target) -> None:
    """Each is answered at its place."""
    writer = await target.writer()
    first = writer.op(puts={0: b"x"})
    ops = [
        first,
        *(
            writer.op(reads={0: first.tag if number % 2 else bytes(8)}, puts={number: b"x"})
            for number in range(1, MANY)
        ),
    ]
    reply = await writer.commit(*ops)
    assert reply.codes == "C" + "".join("C" if number % 2 else "R" for number in range(1, MANY))
    assert (await target.store.commit(target.world, writer.last)) == reply
    (payload,) = await target.store.log_after(target.world, 0, 1)
    assert len(decode_delta(payload).records) == 1 + MANY // 2
