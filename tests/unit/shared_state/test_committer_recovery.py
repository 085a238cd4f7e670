"""The committer when answers are lost: what they leave open is found out, and nothing happens twice."""

from __future__ import annotations

import copy

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state.committer import CommitLimits
from shared_state.errors import EpochChanged, StoreError, StoreUnavailable
from shared_state.job import Job, advance_to
from shared_state.names import session_id
from shared_state.outcome import Busy, Committed, Fenced, Unknown
from shared_state.store_model import ModelWorld
from shared_state.transaction import Transaction
from tests.unit.shared_state.flaky_store import Fault, lose, passing
from tests.unit.shared_state.lone_node import Node, node
from tests.unit.shared_state.small_world import (
    WORLD,
    Boat,
    Note,
    put_boat,
    until,
)

AWAY = StoreUnavailable("the answer is lost")


# ---- lost answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late_push", [False, True])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("effect", [False, True])
async def test_an_unanswered_batch_is_sent_again_unchanged(
    autojump_clock: MockClock, effect: bool, times: int, late_push: bool
) -> None:
    """Whether the lost call took effect or not, the command takes effect once and is told so."""
    async with node(late_push=late_push) as it:
        session = await it.session()
        sent = len(it.store.batches)
        version = it.world.replica.version
        it.store.plan("commit", *[Fault(error_after=AWAY) if effect else Fault(error_before=AWAY)] * times)
        it.submit(put_boat(), session, 1)
        it.submit(put_boat(), session, 2)
        assert await it.settled_all(2) == [Committed(version + 1)] * 2
        assert len(it.store.batches) == sent + times + 1
        assert all(batch == it.store.batches[sent] for batch in it.store.batches[sent:])
        assert it.commands("s1") == [1, 2]
        it.submit(put_boat(), session, 3)
        await it.settled_all(3)
        assert it.commands("s1") == [1, 2, 3]


async def test_a_refusal_of_the_store_is_answered_busy_and_forgotten(autojump_clock: MockClock) -> None:
    """While the store refuses writes, commands are busy and nothing is written; then all goes on."""
    async with node() as it:
        session = await it.session()
        it.store.plan("commit", Fault(error_before=StoreError("MISCONF")))
        it.store.plan("attach", *[Fault(error_before=StoreError("MISCONF"))] * 3)
        it.submit(put_boat(), session, 1)
        await wait_all_tasks_blocked()
        it.submit(put_boat(), session, 2)
        assert [type(outcome) for outcome in await it.settled_all(2)] == [Busy, Busy]
        assert it.commands("s1") == []
        await trio.sleep(2)
        it.submit(put_boat(), session, 3)
        assert isinstance((await it.settled_all(3))[2], Committed)
        assert it.commands("s1") == [3]


async def test_a_refusal_after_a_lost_answer_proves_nothing(autojump_clock: MockClock) -> None:
    """The first sending took effect; that the second is refused must not be told as "nothing was written"."""
    async with node() as it:
        session = await it.session()
        it.store.plan("commit", Fault(error_after=AWAY), *[Fault(error_before=StoreError("OOM"))] * 3)
        it.submit(put_boat(), session, 1)
        assert [type(outcome) for outcome in await it.settled_all(1)] == [Committed]
        it.submit(put_boat(), session, 2)
        await it.settled_all(2)
        assert it.commands("s1") == [1, 2]


# ---- recovery -------------------------------------------------------------------------------------------------------


def forget_writers(it: Node) -> None:
    """The store forgets who may write."""
    it.server.model.worlds[WORLD].answers.clear()


@pytest.mark.parametrize("effect", [False, True])
async def test_a_forgotten_writer_finds_out_what_became_of_its_commands(
    autojump_clock: MockClock, effect: bool
) -> None:
    """After recovery each command is told the truth of its session's row, or runs again: once in all."""
    async with node() as it:
        sessions = [await it.session(name) for name in ("s1", "s2")]
        fault = Fault(error_after=AWAY, act_after=lambda: forget_writers(it)) if effect else None
        if fault is None:
            forget_writers(it)
        else:
            it.store.plan("commit", fault)
        for seq in (1, 2):
            for session in sessions:
                it.submit(put_boat(), session, seq)
        assert [type(outcome) for outcome in await it.settled_all(4)] == [Committed] * 4
        for name in ("s1", "s2"):
            assert it.commands(name) == [1, 2]
        assert it.world.committer.counts.recoveries == 1
        it.submit(put_boat(), sessions[0], 3)
        await it.settled_all(5)
        assert it.commands("s1") == [1, 2, 3]


async def test_recovery_tells_committed_and_conflicting_commands_of_one_batch_apart(
    autojump_clock: MockClock,
) -> None:
    """Of a batch whose answer is lost for good, what committed is not run again, and what conflicted is."""
    async with node() as it:
        sessions = [await it.session(name) for name in ("s1", "s2")]
        boat = await it.create(Boat(0, 1, 1))
        meddle = iter([True])

        def contended(tx: Transaction) -> None:
            value = tx.get(boat, Boat)
            assert value is not None
            tx.patch(boat, gold=value.gold + 1)
            if next(meddle, False):
                it.rival.run(lambda tx: tx.patch(boat, name="meddled"))

        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        it.submit(put_boat(), sessions[0], 1)
        it.submit(contended, sessions[1], 1)
        it.submit(put_boat(), sessions[1], 2)
        assert [type(outcome) for outcome in await it.settled_all(3)] == [Committed] * 3
        assert (it.commands("s1"), it.commands("s2")) == ([1], [1, 2])
        assert it.world.replica.read(boat)[1] == Boat(1, 1, 1, "meddled")


async def test_work_of_no_session_is_never_done_twice(autojump_clock: MockClock) -> None:
    """When its answer is lost for good nobody can tell, and that is what is told; unsent, it simply runs again."""
    async with node() as it:
        before = len(it.world.replica.entities)
        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        it.submit(put_boat())
        assert await it.settled_all(1) == [Unknown()]
        forget_writers(it)
        it.submit(put_boat())
        assert isinstance((await it.settled_all(2))[1], Committed)
        assert len(it.world.replica.entities) == before + 2


async def test_an_opening_whose_answer_is_lost_is_found_in_the_row(autojump_clock: MockClock) -> None:
    """The session is open once, with one avatar, though its store forgot the writer."""
    async with node() as it:
        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        await it.session()
        assert len(it.world.replica.entities) == 1


async def test_what_recovery_confirms_is_in_the_replica(autojump_clock: MockClock) -> None:
    """A command that is told as committed after recovery can be read on this node, though its delta was lost."""
    async with node() as it:
        session = await it.session()
        it.store.channel = lose
        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        found: list[int] = []
        it.world.submit(
            Job(put_boat(), lambda _: found.append(len(it.world.replica.entities)), session, advance_to(1), 1)
        )
        await trio.sleep(5)
        assert found == [2]


async def test_sessions_may_come_and_go_during_a_recovery(autojump_clock: MockClock) -> None:
    """Players who join while rows are being read disturb nothing; sessions that were never registered are asked too."""
    async with node() as it:
        session = await it.session()
        it.world.forget(session)
        sessions = [await it.session(name) for name in ("s2", "s3")]
        gates = [trio.Event() for _ in range(3)]
        it.store.plan("session_row", *[Fault(gate_before=gate) for gate in gates])
        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        it.submit(put_boat(), session, 1)
        await trio.sleep(1)
        for gate in gates:
            it.world.writer(session_id(f"new-{id(gate)}"))
            it.world.forget(sessions[0])
            gate.set()
            await trio.sleep(1)
        assert [type(outcome) for outcome in await it.settled_all(1)] == [Committed]
        assert it.commands("s1") == [1]


@pytest.mark.parametrize("error", [AWAY, StoreError("refused")])
async def test_a_recovery_survives_a_store_that_stays_difficult(autojump_clock: MockClock, error: StoreError) -> None:
    """Attaching and reading rows are tried until they succeed."""
    async with node() as it:
        session = await it.session()
        it.store.plan("commit", Fault(error_after=AWAY, act_after=lambda: forget_writers(it)))
        it.store.plan("attach", *[Fault(error_before=error)] * 3)
        it.store.plan("session_row", *[Fault(error_before=error)] * 3)
        it.submit(put_boat(), session, 1)
        assert [type(outcome) for outcome in await it.settled_all(1)] == [Committed]
        assert it.commands("s1") == [1]


async def test_a_new_world_in_mid_flight_fences_sessions_and_goes_on(autojump_clock: MockClock) -> None:
    """Sessions of the world that is gone are fenced; jobs of no session and new sessions work in the new one."""
    async with node() as it:
        session = await it.session()
        del it.server.model.worlds[WORLD]
        it.submit(put_boat(), session, 1)
        it.submit(put_boat())
        outcomes = await it.settled_all(2)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Fenced"]
        it.submit(put_boat(), session, 2)
        assert (await it.settled_all(3))[2] == Fenced()
        fresh = await it.session("s2")
        it.submit(put_boat(), fresh, 1)
        assert isinstance((await it.settled_all(4))[3], Committed)


@pytest.mark.parametrize("kept", [False, True])
async def test_what_history_lost_before_it_was_seen_here_runs_again(autojump_clock: MockClock, kept: bool) -> None:
    """S14: the answer came, the delta did not, and the store goes back: only the row tells whether the command stands.

    ``kept``: the command survives, and another node makes the new epoch for what was lost after it.
    """
    async with node() as it:
        session = await it.session()
        it.store.channel = lose
        model, after = it.server.model, list[ModelWorld]()
        before = copy.deepcopy(model.worlds[WORLD])
        it.store.plan("commit", Fault(act_after=lambda: after.append(copy.deepcopy(model.worlds[WORLD]))))
        it.submit(put_boat(), session, 1)
        await until(lambda: bool(after))
        model.worlds[WORLD] = after[0] if kept else before
        if kept:
            model.renew_epoch(WORLD, model.head(WORLD))
        it.store.subscribed_again()
        it.store.channel = passing
        assert [type(outcome) for outcome in await it.settled_all(1)] == [Committed]
        assert it.world.committer.counts.recoveries == 1
        assert [entity.value.name for entity in it.world.replica.entities.values()].count("") == 1


async def test_a_new_world_is_noticed_when_ids_are_reserved(autojump_clock: MockClock) -> None:
    """The epoch changes while the writer asks for ids: it attaches anew instead of going on without a place."""
    async with node(CommitLimits(id_block=10)) as it:
        await it.create(Note("x"))
        it.store.plan("reserve_ids", Fault(error_before=EpochChanged("")))
        ids = [await it.create(Note("x")) for _ in range(20)]
        assert len(set(ids)) == 20
        assert it.store.calls["attach"] == 2


async def test_sessions_that_went_back_while_nothing_was_sent_go_on(autojump_clock: MockClock) -> None:
    """S14: no batch is on its way when the store goes back, so none tells; the writer asks when it attaches anew.

    Simulated, seed 53: a stay that had ended while the store was full stood there again, and was never ended.
    """
    async with node() as it:
        session = await it.session()
        it.submit(put_boat(), session, 1)
        await it.settled_all(1)
        before = copy.deepcopy(it.server.model.worlds[WORLD])
        it.submit(put_boat(), session, 2)
        await it.settled_all(2)
        it.store.plan("commit", Fault(error_before=StoreError("OOM")))
        it.submit(put_boat(), session, 3)
        assert isinstance((await it.settled_all(3))[2], Busy)
        it.server.model.worlds[WORLD] = before
        await it.world.follower.compared()
        it.submit(put_boat(), session, 4)
        assert isinstance((await it.settled_all(4))[3], Committed)
        assert it.commands("s1") == [4], "the log of this history"
