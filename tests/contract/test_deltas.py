"""What is published and logged, and what subscribers may rely on."""

from __future__ import annotations

import trio

from shared_state.delta import Delta, EventOut, Record, Write, decode_delta
from shared_state.errors import UndecodableDelta
from shared_state.position import NO_STAMP
from shared_state.session_row import SessionHead
from tests.contract.conftest import Target
from tests.contract.deadline import within
from tests.contract.writer import LOG_LENGTH, Recorder, Step


@within(20)
async def test_a_delta_says_what_its_batch_committed(target: Target) -> None:
    """Records stand in order, failed transactions do not appear, and the stamps make a chain."""
    writer = await target.writer()
    first = writer.op(puts={1: b"a"})
    await writer.commit(first)
    made = writer.op(
        puts={2: b"b", 1: None}, events=[EventOut("hit", 5, "", {"n": 1})], step=Step("s", None, SessionHead(1))
    )
    lost = writer.op(reads={1: first.tag}, puts={9: b"x"})
    last = writer.op(puts={3: b"c"})
    await writer.commit(made, lost, last)
    delta_1, delta_2 = map(decode_delta, await target.other.log_after(target.world, 0, 10))
    epoch = writer.attachment.head.epoch
    assert delta_1 == Delta(epoch, 1, NO_STAMP, first.tag, [Record(first.tag, "", 0, b"", [Write(1, b"a")], [], [])])
    assert delta_2 == Delta(
        epoch,
        2,
        first.tag,
        made.tag,
        [
            Record(made.tag, "s", 0, b"", [Write(2, b"b"), Write(1, None)], [EventOut("hit", 5, "", {"n": 1})], []),
            Record(last.tag, "", 0, b"", [Write(3, b"c")], [], []),
        ],
    )


@within(20)
async def test_every_subscriber_hears_every_delta_in_order(target: Target) -> None:
    """Subscribers of both clients get the bytes that are in the log, after ``on_subscribed``."""
    writer, rival = await target.writer(), await Target.writer(target)
    near, far = Recorder(), Recorder()
    async with target.store.subscribe(target.world, near), target.other.subscribe(target.world, far):
        assert (near.subscribed, far.subscribed) == (1, 1)
        for number in range(10):
            await (writer, rival)[number % 2].put(number, b"x")
        await near.until(deltas=10)
        await far.until(deltas=10)
    logged = await target.store.log_after(target.world, 0, 100)
    assert near.deltas == far.deltas == logged
    assert [decode_delta(payload).version for payload in logged] == list(range(1, 11))


@within(20)
async def test_an_answer_comes_after_all_earlier_deltas(target: Target) -> None:
    """When a commit answers with version v, this client's subscribers have been told of all before v."""
    recorder = Recorder()

    async def commit_some() -> None:
        writer = await target.writer()
        for number in range(20):
            reply = await writer.commit(writer.op(puts={number: b"x"}))
            assert len(recorder.deltas) >= reply.version - 1

    async with target.store.subscribe(target.world, recorder), trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(commit_some)
    assert [decode_delta(payload).version for payload in recorder.deltas[:79]] == list(range(1, 80))


@within(20)
async def test_a_subscription_ends_with_its_context(target: Target) -> None:
    """What is committed later is not heard; two listeners of one channel come and go apart."""
    writer = await target.writer()
    first, second = Recorder(), Recorder()
    async with target.store.subscribe(target.world, first):
        async with target.store.subscribe(target.world, second):
            await writer.put(1, b"a")
            await second.until(deltas=1)
        await writer.put(1, b"b")
        await first.until(deltas=2)
    await writer.put(1, b"c")
    async with target.store.subscribe(target.world, first):
        await writer.put(1, b"d")
        await first.until(deltas=3)
    assert [decode_delta(payload).version for payload in first.deltas] == [1, 2, 4]
    assert (first.subscribed, second.subscribed, len(second.deltas)) == (2, 1, 1)


@within(20)
async def test_a_world_does_not_hear_another(target: Target) -> None:
    """Worlds share a store and nothing else."""
    writer = await target.writer()
    await writer.put(1, b"a")
    recorder = Recorder()
    elsewhere = type(target.world)(f"{target.world}.other")
    async with target.store.subscribe(elsewhere, recorder):
        await writer.put(1, b"b")
        await target.store.head(elsewhere)
    assert recorder.deltas == []
    assert (await target.store.snapshot(elsewhere)).state == {}


@within(20)
async def test_the_log_is_read_from_a_version(target: Target) -> None:
    """Oldest first, after the given version, at most so many."""
    writer = await target.writer()
    for number in range(8):
        await writer.put(number, b"x")
    versions = [decode_delta(payload).version for payload in await target.store.log_after(target.world, 3, 3)]
    assert versions == [4, 5, 6]
    assert await target.store.log_after(target.world, 8, 10) == []


@within(30)
async def test_the_log_is_trimmed_about_to_its_length(target: Target) -> None:
    """It keeps the newest versions, at least as many as asked for and not many more."""
    writer = await target.writer()
    for number in range(450):
        await writer.commit(writer.op(puts={1: b"%d" % number}), log_length=100)
    versions = [decode_delta(payload).version for payload in await target.store.log_after(target.world, 0, LOG_LENGTH)]
    assert versions == list(range(versions[0], 451))
    assert 100 <= len(versions) <= 250


@within(20)
async def test_damaged_deltas_are_noticed(target: Target) -> None:
    """What is cut short does not decode to something else."""
    writer = await target.writer()
    await writer.put(1, b"abcdef")
    (payload,) = await target.store.log_after(target.world, 0, 1)
    for end in range(0, len(payload) - 1, 5):
        try:
            decode_delta(payload[:end])
        except UndecodableDelta:
            continue
        raise AssertionError(f"{end} of {len(payload)} bytes decoded")
