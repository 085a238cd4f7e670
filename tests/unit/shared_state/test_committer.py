"""The committer: batches form by themselves, and order holds whoever loses."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state.committer import CommitLimits
from shared_state.entity import EntityId
from shared_state.job import Job, take_over
from shared_state.names import lease_name
from shared_state.outcome import Busy, Committed, Fenced, Outcome, Rejected, Rejection
from shared_state.session_row import SessionHead
from shared_state.store import LeaseGrant
from shared_state.transaction import Transaction
from tests.unit.shared_state.flaky_store import Fault, lose
from tests.unit.shared_state.lone_node import Node, node
from tests.unit.shared_state.small_world import (
    WORLD,
    Boat,
    Note,
    Rule,
    job,
    put_boat,
    writer,
)

# ---- batches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_push", [False, True])
async def test_an_idle_commit_is_immediate(autojump_clock: MockClock, late_push: bool) -> None:
    """No pause is made when nobody else is there, and the writer has its own write when it is told."""
    async with node(late_push=late_push) as it:
        for _ in range(3):
            before_s = trio.current_time()
            outcome = await it.world.transact(put_boat())
            assert trio.current_time() == before_s
            assert isinstance(outcome, Committed)
            assert it.world.replica.version == outcome.version
            await trio.sleep(1)


async def test_jobs_that_arrive_during_a_flight_form_one_batch(autojump_clock: MockClock) -> None:
    """Group commit: one call for all that queued meanwhile, in their order."""
    async with node() as it:
        gate = trio.Event()
        it.store.plan("commit", Fault(gate_after=gate))
        for seq in range(21):
            it.submit(put_boat(gold=seq), seq=seq)
            await wait_all_tasks_blocked()
        gate.set()
        await it.settled_all(21)
        assert len(it.store.batches) == 2
        golds = [entity.value.gold for entity in it.world.replica.entities.values()]  # type: ignore[attr-defined]
        assert golds == list(range(21))


async def test_a_batch_is_bounded_in_jobs(autojump_clock: MockClock) -> None:
    """More jobs than fit take several batches, in order."""
    async with node(CommitLimits(batch_jobs=8)) as it:
        for seq in range(20):
            it.submit(put_boat(), seq=seq)
        await it.settled_all(20)
        assert len(it.store.batches) == 3
        assert [seq for _, seq, _ in it.settled] == list(range(20))


async def test_commits_wait_for_the_next_showing_within_bounds(autojump_clock: MockClock) -> None:
    """A steady stream is committed in few batches, and no job waits longer than the pause."""
    limits = CommitLimits(pause_s=0.010)
    async with node(limits, next_showing_s=lambda: trio.current_time() // 0.05 * 0.05 + 0.05) as it:
        waits: list[float] = []
        for _ in range(2000):
            started_s = trio.current_time()
            done = lambda _, started_s=started_s: waits.append(trio.current_time() - started_s)  # noqa: E731
            it.world.submit(Job(put_boat(), done))
            await trio.sleep(0.0005)
        await trio.sleep(1)
        assert len(waits) == 2000
        assert len(it.store.batches) <= 110
        assert max(waits) <= limits.pause_s + 1e-9


async def test_a_full_queue_answers_busy_at_once(autojump_clock: MockClock) -> None:
    """The bound is told to those above it; those below are served."""
    async with node(CommitLimits(queue_jobs=5)) as it:
        gate = trio.Event()
        it.store.plan("commit", Fault(gate_before=gate))
        it.submit(put_boat())
        await wait_all_tasks_blocked()
        for seq in range(7):
            it.submit(put_boat(), seq=seq)
        assert [(seq, type(outcome)) for _, seq, outcome in it.settled] == [(5, Busy), (6, Busy)]
        assert it.world.committer.waiting == 5
        gate.set()
        outcomes = await it.settled_all(8)
        assert [type(outcome) for outcome in outcomes[2:]] == [Committed] * 6


async def test_a_job_that_needs_more_ids_than_there_are_gives_up(autojump_clock: MockClock) -> None:
    """It is answered busy after a bounded number of tries, and holds up nobody for ever."""

    def greedy(tx: Transaction) -> None:
        for _ in range(50):
            tx.create(Note("x"))

    async with node(CommitLimits(id_block=20, attempts=4)) as it:
        it.submit(greedy)
        it.submit(put_boat())
        first, second = await it.settled_all(2)
        assert isinstance(first, Busy)
        assert isinstance(second, Committed)
        assert it.store.calls["reserve_ids"] < 10


@pytest.mark.parametrize("block", [1, 2, 3, 10])
async def test_ids_are_reserved_before_they_run_out(autojump_clock: MockClock, block: int) -> None:
    """Small blocks are enough for any number of creations, and no id comes twice."""
    async with node(CommitLimits(id_block=block)) as it:
        ids = [await it.create(Note("x")) for _ in range(25)]
        assert len(set(ids)) == 25


# ---- order, fences, conflicts ---------------------------------------------------------------------------------------


async def test_a_foreign_generation_fences_the_session_for_good(autojump_clock: MockClock) -> None:
    """The session was resumed elsewhere: this node's commands for it are void, others are not disturbed."""
    async with node() as it:
        session, other = await it.session("s1"), await it.session("s2")
        rival = it.rival.bench
        rival.catch_up()
        rival.commit(rival.board(Job(lambda tx: None, lambda _: None, writer("s1", SessionHead(1)), take_over(2))))
        for seq in (1, 2, 3):
            it.submit(put_boat(), session, seq)
        it.submit(put_boat(), other, 1)
        assert [type(outcome) for outcome in await it.settled_all(4)] == [Fenced, Fenced, Fenced, Committed]
        it.server.model.worlds[WORLD].sessions["s1"] = SessionHead(1).pack() + b"t"
        it.submit(put_boat(), session, 4)
        assert (await it.settled_all(5))[4] == Fenced(), "even if the row comes back"
        assert it.commands("s1") == []


def contended(it: Node, boat: EntityId, times: int, runs: list[int], first: int = 1) -> Rule:
    """A rule that loses ``times`` runs: somebody changes the boat between its last read and its commit."""

    def rule(tx: Transaction) -> None:
        runs.append(1)
        value = tx.get(boat, Boat)
        assert value is not None
        tx.patch(boat, gold=value.gold + 1)
        if first <= len(runs) < first + times:
            it.rival.run(lambda tx: tx.patch(boat, name=str(len(runs))))

    return rule


async def test_a_job_that_loses_runs_again_until_it_wins(autojump_clock: MockClock) -> None:
    """Each rerun sees the newer state; nothing is added twice."""
    async with node() as it:
        boat, runs = await it.create(Boat(0, 1, 1)), list[int]()
        it.submit(contended(it, boat, 5, runs))
        assert [type(outcome) for outcome in await it.settled_all(1)] == [Committed]
        assert len(runs) == 6
        assert it.world.replica.read(boat)[1] == Boat(1, 1, 1, "5")
        assert it.world.committer.counts.conflicts == 5


async def test_a_job_that_loses_too_often_is_busy(autojump_clock: MockClock) -> None:
    """After a bounded number of runs it gives up, having written nothing.

    The command that fell with it each time has all of its own tries before it.
    """
    async with node(CommitLimits(attempts=4)) as it:
        session = await it.session()
        boat, other, runs = await it.create(Boat(0, 1, 1)), await it.create(Boat(0, 1, 1)), list[int]()
        it.submit(contended(it, boat, 100, runs), session, 1)
        it.submit(contended(it, other, 3, [], first=5), session, 2)
        assert [type(outcome) for outcome in await it.settled_all(2)] == [Busy, Committed]
        assert len(runs) == 4
        assert it.world.replica.read(boat)[1] == Boat(0, 1, 1, "4")
        assert it.commands("s1") == [2]


async def test_a_sessions_commands_commit_in_order_under_conflicts(autojump_clock: MockClock) -> None:
    """Whichever of them loses, in the log and in the answers they are in their order."""
    async with node() as it:
        session = await it.session()
        boats = [await it.create(Boat(0, 1, 1)) for _ in range(6)]
        for seq, boat in enumerate(boats, 1):
            it.submit(contended(it, boat, 3 if seq % 2 else 0, []), session, seq)
            it.submit(put_boat(), None, 100 + seq)
        await it.settled_all(12)
        assert it.commands("s1") == [1, 2, 3, 4, 5, 6]
        assert [seq for name, seq, _ in it.settled if name] == [1, 2, 3, 4, 5, 6]


async def test_a_refusal_that_is_not_confirmed_runs_before_the_commands_behind_it(autojump_clock: MockClock) -> None:
    """The refused command is run again, passes, and still comes before the next one of its session."""
    async with node() as it:
        session = await it.session()
        boat, runs = await it.create(Boat(1, 1, 1)), list[int]()

        def takes_one(tx: Transaction) -> Rejection | None:
            value = tx.get(boat, Boat)
            assert value is not None
            if value.gold < 1:
                return Rejection("empty")
            tx.patch(boat, gold=value.gold - 1)
            return None

        def loses_once(tx: Transaction) -> Rejection | None:
            refusal = takes_one(tx)
            if not runs:
                it.rival.run(lambda tx: tx.patch(boat, gold=5.0))
            runs.append(1)
            return refusal

        it.submit(loses_once)
        it.submit(takes_one, session, 1)
        it.submit(put_boat(), session, 2)
        assert [type(outcome) for outcome in await it.settled_all(3)] == [Committed] * 3
        assert it.commands("s1") == [1, 2]
        assert it.world.replica.read(boat)[1] == Boat(3, 1, 1)


async def test_a_lost_lease_refuses_one_command_and_leaves_the_session_alone(autojump_clock: MockClock) -> None:
    """The command is refused for its lease; those behind it in the session run."""
    async with node() as it:
        session = await it.session()
        grant = LeaseGrant(lease_name("wreck"), "me", 1, 1.0)

        def leased(tx: Transaction) -> None:
            tx.require(grant)
            tx.create(Note("salvaged"))

        it.submit(leased, session, 1)
        it.submit(put_boat(), session, 2)
        first, second = await it.settled_all(2)
        assert isinstance(first, Rejected)
        assert first.rejection.code == "lease_lost"
        assert isinstance(second, Committed)
        assert it.commands("s1") == [2]


async def test_a_commit_is_told_when_the_replica_has_it(autojump_clock: MockClock) -> None:
    """The delta of the own commit is lost: the answer waits until the log has brought it."""
    async with node() as it:
        it.store.channel = lose
        it.submit(put_boat())
        await it.settled_all(1)
        assert len(it.world.replica.entities) == 1


async def test_counts_tell_what_became_of_jobs(autojump_clock: MockClock) -> None:
    """Committed and rejected jobs and batches are counted."""
    async with node() as it:
        await it.world.transact(put_boat())
        await it.world.transact(lambda tx: Rejection("no"))
        counts = it.world.committer.counts
        assert (counts.batches, counts.committed, counts.rejected, counts.busy) == (1, 1, 1, 0)
        outcomes: list[Outcome] = []
        await trio.sleep(1)
        it.world.submit(job(lambda tx: Rejection("no"), outcomes))
        await wait_all_tasks_blocked()
        assert outcomes == [Rejected(it.world.replica.version, Rejection("no"))]
