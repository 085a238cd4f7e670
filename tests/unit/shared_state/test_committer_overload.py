"""A committer past what its store takes: it says so to all alike, and who is served does not wait long."""

from __future__ import annotations

import random
from collections import Counter

import attrs
import pytest
import trio
from trio.testing import MockClock

from shared_state.batch import Batch, CommitReply
from shared_state.committer import CommitLimits
from shared_state.job import Job, SessionWriter, advance_to
from shared_state.memory_store import MemoryStore
from shared_state.names import WorldName
from shared_state.outcome import Busy, Committed, Outcome
from tests.unit.shared_state.lone_node import node
from tests.unit.shared_state.small_world import put_boat

COMMIT_S = 0.05
SECONDS = 4.0
SESSIONS = 40


@attrs.define(eq=False)
class SlowStore(MemoryStore):
    """Takes its time for each batch, whatever is in it."""

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """See ``Store.commit``."""
        await trio.sleep(COMMIT_S)
        return await super().commit(world, batch)


@pytest.mark.parametrize("load", [1.5, 3.0])
async def test_past_saturation_all_are_told_busy_alike_and_nobody_waits_long(
    autojump_clock: MockClock, load: float
) -> None:
    """What is above the store's rate is refused at once, evenly; what is taken waits as long as the queue is deep."""
    limits = CommitLimits(batch_jobs=10, queue_jobs=40)
    rate_hz, rng = load * limits.batch_jobs / COMMIT_S, random.Random(1)
    async with node(limits) as it:
        writers = [await it.session(f"s{number}") for number in range(SESSIONS)]
        it.store.inner = SlowStore(it.server)
        told: Counter[tuple[str, type[Outcome]]] = Counter()
        waits: dict[type[Outcome], list[float]] = {Committed: [], Busy: []}

        def command(writer: SessionWriter, seq: int) -> Job:
            since_s = trio.current_time()

            def settle(outcome: Outcome) -> None:
                told[writer.id, type(outcome)] += 1
                waits[type(outcome)].append(trio.current_time() - since_s)

            return Job(put_boat(), settle, writer, advance_to(seq), seq)

        for seq in range(1, round(SECONDS * rate_hz)):
            it.world.submit(command(rng.choice(writers), seq))
            await trio.sleep(1 / rate_hz)
        await trio.sleep(1)
        assert max(waits[Busy]) == 0.0
        assert max(waits[Committed]) <= COMMIT_S * (limits.queue_jobs / limits.batch_jobs + 1)
        assert len(waits[Committed]) >= SECONDS * limits.batch_jobs / COMMIT_S
        shares = [told[w.id, Busy] / (told[w.id, Busy] + told[w.id, Committed]) for w in writers]
        assert max(shares) < 2 * sum(shares) / SESSIONS
        assert it.world.committer.waiting == 0
