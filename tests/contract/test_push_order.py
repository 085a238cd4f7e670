"""The memory store's two push orders, which real servers differ in."""

from __future__ import annotations

import pytest

from tests.contract.conftest import memory_target
from tests.contract.deadline import within
from tests.contract.writer import Recorder, Writer


@pytest.mark.parametrize("push_after_reply", [False, True])
@within(5)
async def test_an_own_delta_comes_on_the_side_of_the_answer_that_was_asked_for(push_after_reply: bool) -> None:
    """Either it is there when the answer is, or it comes right after; another client's order stays."""
    target = memory_target(push_after_reply=push_after_reply)
    writer, rival = await target.writer(), await Writer.attach(target.other, target.world)
    recorder = Recorder()
    async with target.store.subscribe(target.world, recorder):
        await writer.commit(writer.op(puts={1: b"a"}))
        assert len(recorder.deltas) == (0 if push_after_reply else 1)
        await rival.commit(rival.op(puts={1: b"b"}))
        assert len(recorder.deltas) == 2
        await writer.commit(writer.op(puts={1: b"c"}))
        await recorder.until(deltas=3)
    assert recorder.deltas == await target.store.log_after(target.world, 0, 10)
