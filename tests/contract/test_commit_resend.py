"""A batch whose answer was lost is sent again: same answer, no second effect."""

from __future__ import annotations

import pytest

from shared_state.batch import COMMITTED, CONFLICT, SESSION_MOVED
from shared_state.entity import NO_TAG
from shared_state.errors import UnknownIncarnation
from shared_state.session_row import SessionHead
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import Recorder, Step, Writer, make_batch


@within(20)
async def test_a_resent_batch_gets_its_first_answer(target: Target) -> None:
    """Version, codes and heads are those of the first time, also after others have committed."""
    writer, rival = await target.writer(), await target.writer()
    await writer.put(1, b"a")
    opened = SessionHead(1)
    first = await writer.commit(
        writer.op(puts={2: b"b"}),
        writer.op(reads={1: NO_TAG}, puts={1: b"x"}),
        writer.op(step=Step("s", opened, opened.advance(1)), puts={3: b"x"}),
        writer.op(step=Step("s", None, opened), puts={3: b"c"}),
        writer.op(step=Step("s", None, opened), puts={3: b"x"}),
    )
    assert first.codes == COMMITTED + CONFLICT + SESSION_MOVED + COMMITTED + SESSION_MOVED
    assert first.heads == {2: None, 4: opened}
    await rival.put(2, b"newer")
    before = await target.store.snapshot(target.world)
    assert await target.other.commit(target.world, writer.last) == first
    assert await target.store.snapshot(target.world) == before
    assert len(await target.store.log_after(target.world, 0, 10)) == 3


@within(20)
async def test_a_resent_batch_that_changed_nothing_gets_its_first_answer(target: Target) -> None:
    """It does not commit the second time, even when it could now."""
    writer = await target.writer()
    seen = await writer.put(1, b"a")
    first = await writer.commit(writer.op(reads={1: NO_TAG}, puts={1: b"b"}))
    assert first.codes == CONFLICT
    rival = await target.writer()
    await rival.commit(rival.op(reads={1: seen}, puts={1: None}))
    assert await target.store.commit(target.world, writer.last) == first
    assert (await target.store.snapshot(target.world)).state == {}


@within(20)
async def test_a_resent_batch_is_not_published_again(target: Target) -> None:
    """Subscribers hear of each version once."""
    writer = await target.writer()
    recorder = Recorder()
    async with target.other.subscribe(target.world, recorder):
        await writer.put(1, b"a")
        await target.store.commit(target.world, writer.last)
        await writer.put(1, b"b")
        await recorder.until(deltas=2)
    assert recorder.deltas == await target.store.log_after(target.world, 0, 10)


@within(20)
async def test_batches_out_of_order_are_refused(target: Target) -> None:
    """A number before the last one, or one that skips, has no effect."""
    writer = await target.writer()
    await writer.put(1, b"a")
    old = writer.last
    await writer.put(1, b"b")
    before = await target.store.snapshot(target.world)
    with pytest.raises(UnknownIncarnation):
        await target.store.commit(target.world, old)
    writer.number += 1
    with pytest.raises(UnknownIncarnation):
        await writer.commit(writer.op(puts={1: b"c"}))
    assert await target.store.snapshot(target.world) == before


@within(20)
async def test_a_writer_that_is_not_attached_is_refused(target: Target) -> None:
    """The store takes batches of incarnations that it gave only; number 0 is not a batch."""
    writer = await target.writer()
    stranger = Writer(
        target.store,
        target.world,
        type(writer.attachment)(writer.attachment.head, writer.attachment.incarnation + 1, writer.attachment.ids),
        writer.tags,
    )
    with pytest.raises(UnknownIncarnation):
        await stranger.commit(stranger.op(puts={1: b"x"}))
    assert (await target.store.head(target.world)).version == 0


@within(20)
async def test_two_incarnations_number_their_batches_apart(target: Target) -> None:
    """Each writer's answers are its own."""
    writer, rival = await target.writer(), await target.writer()
    mine = await writer.commit(writer.op(puts={1: b"a"}))
    theirs = await rival.commit(rival.op(puts={2: b"b"}))
    assert (mine.version, theirs.version) == (1, 2)
    assert await target.store.commit(target.world, writer.last) == mine
    assert await target.store.commit(target.world, rival.last) == theirs


@within(20)
async def test_the_same_number_is_the_same_batch(target: Target) -> None:
    """The number decides, not the bytes: a writer must never use one twice."""
    writer = await target.writer()
    first = await writer.commit(writer.op(puts={1: b"a"}))
    other_bytes = make_batch(writer.attachment, 1, [writer.op(puts={1: b"z"})])
    assert await target.store.commit(target.world, other_bytes) == first
