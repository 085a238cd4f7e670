"""A batch that names the newest stamp: all of it holds, and is not judged again; with any other stamp it is."""

from __future__ import annotations

from shared_state.batch import COMMITTED, CONFLICT, SESSION_MOVED
from shared_state.delta import decode_delta
from shared_state.entity import NO_TAG
from shared_state.names import WorldName
from shared_state.redis.store import RedisStore
from shared_state.session_row import SessionHead
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import Step, Writer, make_batch

OPENED = SessionHead(1)


@within(20)
async def test_a_certain_batch_leaves_what_any_other_leaves(target: Target) -> None:
    """Puts, deletions, cells, rows and their tails, and what is logged of them."""
    writer = await target.writer()
    first = writer.op(puts={1: b"a", 2: b"b"}, cells=[5], step=Step("s", None, OPENED, b"tail"))
    await writer.commit(first, writer.op(puts={3: b"c"}, step=Step("t", None, OPENED)))
    stamp = writer.last.stamp
    ops = [
        writer.op(reads={1: first.tag}, puts={1: b"A", 2: None}, cells=[5], step=Step("s", OPENED, OPENED.advance(1))),
        writer.op(scans={5: first.tag}, puts={4: b"d"}, step=Step("t", OPENED, None)),
    ]
    ops[1] = ops[1]._replace(scans=["5", ops[0].tag])
    reply = await writer.commit(*ops, certain=stamp)
    assert (reply.version, reply.codes) == (2, COMMITTED * 2)
    snapshot = await target.store.snapshot(target.world)
    assert snapshot.state == {1: ops[0].tag + b"A", 3: snapshot.state[3], 4: ops[1].tag + b"d"}
    assert snapshot.cells == {5: ops[0].tag}
    assert await target.store.session_rows(target.world) == {"s": OPENED.advance(1).pack() + b"tail"}
    log = [decode_delta(payload) for payload in await target.store.log_after(target.world, 1, 10)]
    assert [len(delta.records) for delta in log] == [2]
    assert await target.other.commit(target.world, writer.last) == reply, "sent again, it is answered"


@within(20)
async def test_a_batch_that_is_certain_of_an_older_stamp_is_judged(target: Target) -> None:
    """Another writer came in between: conflicts are found as ever."""
    writer, rival = await target.writer(), await target.writer()
    await writer.commit(writer.op(puts={1: b"a"}, step=Step("s", None, OPENED)))
    stamp, seen = writer.last.stamp, writer.last.txs[0].tag
    await rival.commit(rival.op(puts={1: b"b"}, step=Step("s", OPENED, SessionHead(2))))
    reply = await writer.commit(
        writer.op(reads={1: seen}, puts={1: b"x"}),
        writer.op(puts={2: b"x"}, step=Step("s", OPENED, OPENED.advance(1))),
        certain=stamp,
    )
    assert reply.codes == CONFLICT + SESSION_MOVED
    assert (await target.store.snapshot(target.world)).state == {1: rival.last.txs[0].tag + b"b"}


@within(20)
async def test_the_store_takes_a_certain_writers_word(real_store: RedisStore, world: WorldName) -> None:
    """It compares nothing: a writer that is certain of what is not so is believed, there as in the model."""
    writer = await Writer.attach(real_store, world)
    await writer.put(1, b"a")
    op = writer.op(reads={1: NO_TAG}, puts={1: b"b"}, step=Step("s", OPENED, OPENED.advance(1)))
    believed = make_batch(writer.attachment, 2, [op])._replace(certain=writer.last.stamp)
    assert (await real_store.commit(world, believed)).codes == COMMITTED
    assert (await real_store.snapshot(world)).state == {1: op.tag + b"b"}
