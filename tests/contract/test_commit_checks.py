"""What a transaction depends on, and what becomes of it when that has changed."""

from __future__ import annotations

import pytest

from shared_state.batch import COMMITTED, CONFLICT, GUARD_LOST, SESSION_MOVED
from shared_state.delta import decode_delta
from shared_state.entity import NO_TAG
from shared_state.errors import EpochChanged
from shared_state.names import WorldName, lease_name, session_id
from shared_state.session_row import SessionHead, SessionTail, encode_tail, unpack_row
from shared_state.store import Attachment
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import Recorder, Step, make_batch


@within(20)
async def test_a_write_is_in_the_snapshot_at_its_version(target: Target) -> None:
    """A commit is one version; what it wrote is stored with its tag."""
    writer = await target.writer()
    op = writer.op(puts={1: b"boat", 2: b"crate"}, cells=[7, 8])
    reply = await writer.commit(op)
    assert (reply.version, reply.codes, reply.heads) == (1, COMMITTED, {})
    snapshot = await target.other.snapshot(target.world)
    assert snapshot.state == {1: op.tag + b"boat", 2: op.tag + b"crate"}
    assert snapshot.cells == {7: op.tag, 8: op.tag}
    assert (snapshot.head.version, snapshot.head.stamp) == (1, op.tag)


@within(20)
async def test_a_read_of_what_another_changed_conflicts(target: Target) -> None:
    """The second of two writers that saw the same state loses, and leaves no trace."""
    writer, rival = await target.writer(), await target.writer()
    seen = await writer.put(1, b"old")
    await rival.put(1, b"new")
    before = await target.store.snapshot(target.world)
    reply = await writer.commit(writer.op(reads={1: seen}, puts={1: b"mine", 2: b"more"}, cells=[3]))
    assert (reply.version, reply.codes) == (2, CONFLICT)
    assert await target.store.snapshot(target.world) == before


@within(20)
async def test_what_changed_and_changed_back_conflicts(target: Target) -> None:
    """A tag is unique: the same content written again is another state."""
    writer = await target.writer()
    seen = await writer.put(1, b"same")
    await writer.put(1, b"other")
    await writer.put(1, b"same")
    assert (await writer.commit(writer.op(reads={1: seen}, puts={1: b"mine"}))).codes == CONFLICT


@within(20)
async def test_reading_that_something_does_not_exist_is_a_read(target: Target) -> None:
    """Of two transactions that saw no entity and make it, the second conflicts."""
    writer = await target.writer()
    first = writer.op(reads={1: NO_TAG}, puts={1: b"first"})
    second = writer.op(reads={1: NO_TAG}, puts={1: b"second"})
    assert (await writer.commit(first, second)).codes == COMMITTED + CONFLICT
    assert (await target.store.snapshot(target.world)).state == {1: first.tag + b"first"}


@within(20)
async def test_a_batch_can_build_on_itself(target: Target) -> None:
    """A transaction may read what an earlier one of its batch writes; if that one fails, so does it."""
    writer = await target.writer()
    seen = await writer.put(1, b"v0")
    first = writer.op(reads={1: seen}, puts={1: b"v1"})
    second = writer.op(reads={1: first.tag}, puts={1: b"v2"})
    assert (await writer.commit(first, second)).codes == COMMITTED * 2
    stale = writer.op(reads={1: seen}, puts={1: b"v3"})
    dependent = writer.op(reads={1: stale.tag}, puts={1: b"v4"})
    assert (await writer.commit(stale, dependent)).codes == CONFLICT * 2
    assert (await target.store.snapshot(target.world)).state == {1: second.tag + b"v2"}


@within(20)
async def test_an_entity_deleted_and_made_again(target: Target) -> None:
    """Deleting removes it from the store; a reader of the deleted one conflicts, also after it was made again."""
    writer = await target.writer()
    seen = await writer.put(1, b"first life")
    assert (await writer.commit(writer.op(reads={1: seen}, puts={1: None}))).codes == COMMITTED
    assert (await target.store.snapshot(target.world)).state == {}
    assert (await writer.commit(writer.op(reads={1: seen}, puts={1: b"x"}))).codes == CONFLICT
    again = await writer.put(1, b"second life")
    assert (await writer.commit(writer.op(reads={1: NO_TAG}, puts={1: b"x"}))).codes == CONFLICT
    assert (await target.store.snapshot(target.world)).state == {1: again + b"second life"}


@within(20)
async def test_made_and_deleted_in_one_batch(target: Target) -> None:
    """The last write of a batch counts; nothing stays of what came and went within it."""
    writer = await target.writer()
    made = writer.op(puts={1: b"brief"})
    gone = writer.op(reads={1: made.tag}, puts={1: None})
    assert (await writer.commit(made, gone)).codes == COMMITTED * 2
    assert (await target.store.snapshot(target.world)).state == {}


@within(20)
async def test_a_scan_of_a_cell_that_changed_conflicts(target: Target) -> None:
    """Nobody stands here: true until someone enters, in an earlier batch or earlier in the same one."""
    writer = await target.writer()
    enter = writer.op(scans={5: NO_TAG}, puts={1: b"a"}, cells=[5])
    late = writer.op(scans={5: NO_TAG}, puts={2: b"b"}, cells=[5])
    assert (await writer.commit(enter, late)).codes == COMMITTED + CONFLICT
    assert (await writer.commit(writer.op(scans={5: NO_TAG}, puts={2: b"b"}))).codes == CONFLICT
    assert (await writer.commit(writer.op(scans={5: enter.tag}, puts={2: b"b"}))).codes == COMMITTED


@within(20)
async def test_a_session_must_be_where_its_node_thinks(target: Target) -> None:
    """A command on another head fails with the head that is there, and so do later ones of the same session."""
    writer = await target.writer()
    opened = SessionHead(generation=3)
    await writer.commit(writer.op(step=Step("s", None, opened, b"tail")))
    wrong = SessionHead(generation=2)
    ops = [
        writer.op(step=Step("s", wrong, wrong.advance(1)), puts={1: b"x"}),
        writer.op(step=Step("s", wrong.advance(1), wrong.advance(2)), puts={1: b"y"}),
        writer.op(step=Step("t", wrong, wrong.advance(1)), puts={1: b"z"}),
        writer.op(step=Step("s", opened, opened.advance(1)), puts={2: b"right"}),
    ]
    reply = await writer.commit(*ops)
    assert reply.codes == SESSION_MOVED * 3 + COMMITTED
    assert reply.heads == {0: opened, 1: opened, 2: None}
    assert (await target.store.snapshot(target.world)).state == {2: ops[3].tag + b"right"}


@within(20)
async def test_a_conflict_stops_later_commands_of_its_session_only(target: Target) -> None:
    """Order within a session is kept: what follows a failed command fails too."""
    writer = await target.writer()
    opened = SessionHead(1)
    await writer.commit(writer.op(step=Step("s", None, opened)), writer.op(step=Step("t", None, opened)))
    await writer.put(1, b"changed")
    reply = await writer.commit(
        writer.op(step=Step("s", opened, opened.advance(1)), reads={1: NO_TAG}, puts={1: b"x"}),
        writer.op(step=Step("s", opened.advance(1), opened.advance(2)), puts={2: b"x"}),
        writer.op(step=Step("t", opened, opened.advance(1)), puts={3: b"x"}),
    )
    assert reply.codes == CONFLICT + SESSION_MOVED + COMMITTED
    assert reply.heads == {1: opened}


@within(20)
async def test_a_session_row_is_made_kept_and_removed(target: Target) -> None:
    """A command changes the head and keeps the tail, unless it brings a new one; an empty head removes the row."""
    writer = await target.writer()
    store, world, name = target.store, target.world, session_id("s")
    first, second = SessionHead(1), SessionHead(1).advance(1)
    tail = SessionTail(entity=9, node="n1", name="Ann")
    await writer.commit(writer.op(step=Step("s", None, first, encode_tail(tail))))
    await writer.commit(writer.op(step=Step("s", first, second)))
    assert unpack_row(await store.session_row(world, name)) == (second, tail)
    away = SessionTail(entity=9, node="", away_since_ms=5)
    await writer.commit(writer.op(step=Step("s", second, second.advance(2), encode_tail(away))))
    assert unpack_row(await store.session_row(world, name)) == (second.advance(2), away)
    await writer.commit(writer.op(step=Step("s", second.advance(2), None)))
    assert await store.session_row(world, name) == b""
    assert (await writer.commit(writer.op(step=Step("s", None, first)))).codes == COMMITTED


@within(20)
async def test_a_guard_lets_only_the_holder_write(target: Target) -> None:
    """A transaction under a lease commits while the token holds, and never after."""
    writer = await target.writer()
    name = lease_name("wreck.7")
    assert (await writer.commit(writer.op(guards={name: 1}, puts={1: b"x"}))).codes == GUARD_LOST
    grant = await target.store.take_lease(target.world, name, "ann", 0.1)
    assert grant is not None
    assert (await writer.commit(writer.op(guards={name: grant.token}, puts={1: b"x"}))).codes == COMMITTED
    assert (await writer.commit(writer.op(guards={name: grant.token + 1}, puts={1: b"y"}))).codes == GUARD_LOST
    await target.pass_time(0.11)
    assert (await writer.commit(writer.op(guards={name: grant.token}, puts={1: b"y"}))).codes == GUARD_LOST
    successor = await target.other.take_lease(target.world, name, "bob", 10)
    assert successor is not None
    stale = writer.op(guards={name: grant.token}, puts={1: b"y"})
    fresh = writer.op(guards={name: successor.token}, puts={2: b"z"})
    assert (await writer.commit(stale, fresh)).codes == GUARD_LOST + COMMITTED
    await target.other.release_lease(target.world, successor)
    assert (await writer.commit(writer.op(guards={name: successor.token}, puts={1: b"y"}))).codes == GUARD_LOST


@within(20)
async def test_a_transaction_that_only_checks_writes_nothing(target: Target) -> None:
    """An empty record gives an answer and no version; a failed check is told."""
    writer = await target.writer()
    seen = await writer.put(1, b"a")
    before = await target.store.snapshot(target.world)
    holds = writer.op(reads={1: seen}, only_checks=True)
    fails = writer.op(reads={1: NO_TAG}, only_checks=True)
    reply = await writer.commit(holds, fails)
    assert (reply.version, reply.codes) == (1, COMMITTED + CONFLICT)
    assert await target.store.snapshot(target.world) == before
    assert len(await target.store.log_after(target.world, 0, 10)) == 1


@within(20)
async def test_a_batch_in_which_nothing_commits_is_no_version(target: Target) -> None:
    """No version, no log entry, no delta; the next number follows on."""
    writer = await target.writer()
    recorder = Recorder()
    async with target.other.subscribe(target.world, recorder):
        await writer.put(1, b"a")
        reply = await writer.commit(writer.op(reads={1: NO_TAG}, puts={1: b"b"}))
        assert (reply.version, reply.codes) == (1, CONFLICT)
        await writer.put(1, b"c")
        await recorder.until(deltas=2)
    assert [decode_delta(payload).version for payload in recorder.deltas] == [1, 2]


@within(20)
async def test_a_batch_of_another_epoch_is_refused(target: Target) -> None:
    """A writer of a lost history is told which one there is now; nothing is written."""
    writer = await target.writer()
    head = writer.attachment.head
    old = Attachment(type(head)("gone", 0, head.stamp), writer.attachment.incarnation, writer.attachment.ids)
    batch = make_batch(old, 1, [writer.op(puts={1: b"x"})])
    with pytest.raises(EpochChanged) as caught:
        await target.store.commit(target.world, batch)
    assert caught.value.epoch == head.epoch
    with pytest.raises(EpochChanged) as caught:
        await target.store.commit(WorldName(f"{target.world}.none"), batch)
    assert caught.value.epoch == ""
    assert (await target.store.snapshot(target.world)).state == {}
