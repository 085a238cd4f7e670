"""Flights: rules that ran one after the other become operations that do the same, or fail together."""

from __future__ import annotations

import msgspec
import pytest

from shared_state.batch import COMMITTED, CONFLICT, GUARD_LOST, SESSION_MOVED, TARGET_GONE
from shared_state.delta import decode_delta
from shared_state.entity import NO_TAG, EntityId
from shared_state.flight import assemble
from shared_state.job import Job, SessionWriter, drop_row, open_row
from shared_state.names import lease_name
from shared_state.outcome import Committed, Fenced, Outcome, Rejected, Rejection
from shared_state.session_row import SessionHead, unpack_head
from shared_state.store import LeaseGrant
from shared_state.transaction import Transaction
from tests.unit.shared_state.small_world import (
    SCHEMA,
    WORLD,
    Bench,
    Boat,
    Note,
    Rule,
    command,
    job,
    put_boat,
    verify_same,
    writer,
)

NO = Rejection("no")


def spend(boat: EntityId, gold: float) -> Rule:
    """A rule that takes gold from a boat that has enough."""

    def rule(tx: Transaction) -> Rejection | None:
        value = tx.get(boat, Boat)
        if value is None or value.gold < gold:
            return NO
        tx.patch(boat, gold=value.gold - gold)
        return None

    return rule


def test_later_jobs_see_earlier_ones() -> None:
    """Two that spend from one purse commit in one batch, the second on what the first left."""
    bench = Bench()
    boat = bench.create(Boat(10, 1, 1))
    reply = bench.run(spend(boat, 4), spend(boat, 6))
    assert reply.codes == COMMITTED * 2
    assert bench.replica.read(boat)[1] == Boat(0, 1, 1)
    verify_same(bench.replica, bench.stored)


def test_a_timed_rule_that_finds_nothing_to_do_is_worth_no_version() -> None:
    """It is answered at once; a session's command that changes nothing still moves its session on."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    idle = job(lambda tx: None if tx.get(boat, Boat) else NO)
    flight = bench.board(idle)
    assert flight.answers == [(idle, Committed(bench.replica.version))]
    assert flight.ops == []
    pending = bench.board(job(spend(boat, 1)), idle)
    assert len(pending.ops) == 2


# ---- refusals -------------------------------------------------------------------------------------------------------


def test_a_refusal_on_settled_state_is_answered_at_once() -> None:
    """It takes no place in the batch, and names the replica's version."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    flight = bench.board(job(spend(boat, 2)), job(put_boat()))
    assert [outcome for _, outcome in flight.answers] == [Rejected(bench.replica.version, NO)]
    assert len(flight.ops) == 1


@pytest.mark.parametrize("kind", ["read", "absence", "scan", "add"])
def test_a_refusal_that_rests_on_pending_writes_flies_as_a_check(kind: str) -> None:
    """What was read, missed or scanned may not come true: only the store can confirm the refusal."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    first: Rule = {
        "read": spend(boat, 1),
        "absence": lambda tx: tx.delete(boat),
        "scan": put_boat(1, 2, 2),
        "add": lambda tx: tx.add(boat, Boat, "gold", -1, 0, 9),
    }[kind]

    def second(tx: Transaction) -> Rejection:
        if kind == "scan":
            tx.near(2, 2, 0, Note)
        else:
            tx.get(boat, Boat)
        return NO

    flight = bench.board(job(first), job(second))
    assert not flight.answers
    assert flight.passengers[1].refusal == NO
    assert flight.ops[1].record == b""
    assert bench.commit(flight).codes == COMMITTED * 2
    bench.catch_up()
    verify_same(bench.replica, bench.stored)


def test_a_check_fails_with_what_it_rests_on() -> None:
    """When the pending write loses, the refusal that rests on it is not confirmed."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    other = Bench(bench.model)
    other.run(lambda tx: tx.patch(boat, gold=5))
    flight = bench.board(job(spend(boat, 1)), job(spend(boat, 1)))
    assert bench.commit(flight).codes == CONFLICT * 2


def test_a_strict_refusal_is_checked_by_the_store() -> None:
    """A stale refusal is found out: with the truth, the rule would have passed."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    other = Bench(bench.model)
    other.run(lambda tx: tx.patch(boat, gold=5))
    flight = bench.board(job(spend(boat, 2), strict=True))
    assert not flight.answers
    assert bench.commit(flight).codes == CONFLICT
    bench.catch_up()
    assert bench.commit(bench.board(job(spend(boat, 2), strict=True))).codes == COMMITTED


def test_a_strict_refusal_of_a_session_that_moved_is_not_confirmed() -> None:
    """What the session's next node answers is the answer; until it moves, the refusal is confirmed."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    mine = writer("s1")
    mine.head = SessionHead(1)
    bench.stored.sessions["s1"] = SessionHead(1).pack()
    assert bench.commit(bench.board(command(mine, 1, spend(boat, 2), [], strict=True))).codes == COMMITTED
    bench.stored.sessions["s1"] = SessionHead(2).pack()
    reply = bench.commit(bench.board(command(mine, 1, spend(boat, 2), [], strict=True)))
    assert (reply.codes, reply.heads) == (SESSION_MOVED, {0: SessionHead(2)})


def test_a_check_alone_makes_no_version() -> None:
    """A batch of confirmed refusals publishes nothing."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    before = bench.stored.version
    reply = bench.commit(bench.board(job(spend(boat, 2), strict=True)))
    assert (reply.codes, reply.version, bench.stored.version) == (COMMITTED, before, before)


def test_a_refused_rule_leaves_nothing_for_later_ones() -> None:
    """What it wrote before it refused is not seen by the next job."""
    bench = Bench()
    boat = bench.create(Boat(5, 1, 1))

    def changes_its_mind(tx: Transaction) -> Rejection:
        tx.patch(boat, gold=0)
        tx.create(Note("never"))
        tx.emit_world("never", None)
        return NO

    bench.run(changes_its_mind, spend(boat, 5))
    assert bench.replica.read(boat)[1] == Boat(0, 1, 1)
    assert [type(entity.value) for entity in bench.replica.entities.values()] == [Boat]


# ---- scans of cells that the batch itself changed -------------------------------------------------------------------


def put_note(text: str) -> Rule:
    """A rule that creates a note."""

    def rule(tx: Transaction) -> None:
        tx.create(Note(text))

    return rule


def count_notes(tx: Transaction) -> None:
    """A rule that writes down how many notes there are."""
    tx.create(Note(f"{len(tx.all_placeless(Note))} before me"))


@pytest.mark.parametrize("strict", [False, True])
def test_a_scan_behind_a_blind_arrival_does_not_miss_another_nodes(strict: bool) -> None:
    """A job of the batch enters a cell unseeing, the next scans it: what another node put there counts all the same."""
    bench = Bench()
    other = Bench(bench.model)
    other.run(put_note("of the other"))

    def refuses(tx: Transaction) -> Rejection:
        return Rejection(str(len(tx.all_placeless(Note))))

    flight = bench.board(job(put_note("mine")), job(refuses if strict else count_notes))
    assert bench.commit(flight).codes == CONFLICT * 2
    bench.catch_up()
    bench.run(put_note("mine"), count_notes)
    assert Note("2 before me") in [entity.value for entity in bench.replica.entities.values()]


def test_a_scan_does_not_trust_a_departure_that_may_fail() -> None:
    """One job moves a boat out of a cell, one enters it, one scans it: if the first fails, the scan fails too."""
    bench = Bench()
    boat = bench.create(Boat(0, 1, 1))
    Bench(bench.model).run(lambda tx: tx.patch(boat, gold=5.0))

    def nobody_here(tx: Transaction) -> Rejection | None:
        if tx.near(1, 1, 1, Boat):
            return NO
        tx.create(Note("nobody here"))
        return None

    flight = bench.board(job(lambda tx: tx.patch(boat, x=50.0)), job(put_boat(0, 9, 9)), job(nobody_here))
    assert bench.commit(flight).codes[::2] == CONFLICT * 2


def test_arrivals_without_a_scan_behind_them_do_not_conflict() -> None:
    """Creating things in one place from two nodes needs no rerun as long as nobody in the batch looks."""
    bench = Bench()
    Bench(bench.model).run(put_boat(0, 1, 1))
    flight = bench.board(job(put_boat(0, 1, 1)), job(put_boat(0, 2, 2)))
    assert bench.commit(flight).codes == COMMITTED * 2


# ---- sessions -------------------------------------------------------------------------------------------------------


def opening(session_writer: SessionWriter, outcomes: list[Outcome]) -> Job:
    """A job that makes the session's row."""
    return Job(put_boat(), outcomes.append, session_writer, open_row, opens=True, tail=b"tail")


def test_heads_chain_within_a_batch() -> None:
    """Opening, commands and end of a session fit in one batch, each on the head that the one before leaves."""
    bench = Bench()
    session, outcomes = writer(), list[Outcome]()
    jobs = [opening(session, outcomes), *(command(session, seq, put_boat(), outcomes) for seq in (1, 2, 4))]
    flight = bench.board(*jobs)
    assert flight.ops[0].expect == b""
    assert [op.expect for op in flight.ops[1:]] == [op.become for op in flight.ops[:-1]]
    assert bench.commit(flight).codes == COMMITTED * 4
    row = bench.stored.sessions["s1"]
    assert unpack_head(row) == SessionHead(1).advance(1).advance(2).advance(4)
    assert row.endswith(b"tail")
    session.head = unpack_head(row)
    end = Job(put_boat(), outcomes.append, session, drop_row)
    flight = bench.board(end, command(session, 5, put_boat(), outcomes))
    assert [outcome for _, outcome in flight.answers] == [Fenced()]
    assert bench.commit(flight).codes == COMMITTED
    assert "s1" not in bench.stored.sessions


def test_a_failed_command_takes_those_behind_it_with_it() -> None:
    """If the first of a session's commands conflicts, the next one of the session does not commit before it."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    session, outcomes = writer(head=None), list[Outcome]()
    bench.commit(bench.board(opening(session, outcomes)))
    bench.catch_up()
    session.head = SessionHead(1)
    Bench(bench.model).run(lambda tx: tx.patch(boat, gold=5))
    flight = bench.board(
        command(session, 1, spend(boat, 1), outcomes), command(session, 2, put_boat(), outcomes), job(put_boat())
    )
    assert bench.commit(flight).codes == CONFLICT + SESSION_MOVED + COMMITTED


def test_a_command_waits_behind_a_check_of_its_session() -> None:
    """Were the refusal not confirmed, the command behind it must not have taken effect before the rerun."""
    bench = Bench()
    boat = bench.create(Boat(1, 1, 1))
    session, other, outcomes = writer("s1", SessionHead(1)), writer("s2", SessionHead(1)), list[Outcome]()
    behind = command(session, 2, put_boat(), outcomes)
    flight = bench.board(
        job(spend(boat, 1)),
        command(session, 1, spend(boat, 1), outcomes),
        behind,
        command(other, 1, put_boat(), outcomes),
    )
    assert [passenger.refusal for passenger in flight.passengers] == [None, NO, None]
    assert flight.left_behind == [behind]
    assert behind.attempts == 0


@pytest.mark.parametrize("opens", [False, True])
def test_a_command_without_a_row_and_an_opening_with_one_are_fenced(opens: bool) -> None:
    """A session that this node has no row for, or that exists already, is answered at once, unrun."""
    bench = Bench()
    outcomes: list[Outcome] = []
    session = writer(head=SessionHead(1) if opens else None)
    work = opening(session, outcomes) if opens else command(session, 1, put_boat(), outcomes)
    flight = bench.board(work)
    assert [outcome for _, outcome in flight.answers] == [Fenced()]
    assert not flight.ops
    assert work.attempts == 0


def test_a_fenced_session_stays_fenced() -> None:
    """Once fenced, no job of the session runs on this node."""
    bench = Bench()
    session, outcomes = writer(head=SessionHead(1)), list[Outcome]()
    session.fenced = True
    flight = bench.board(command(session, 1, put_boat(), outcomes))
    assert [outcome for _, outcome in flight.answers] == [Fenced()]


# ---- bounds ---------------------------------------------------------------------------------------------------------


def test_the_byte_bound_leaves_jobs_behind_in_order() -> None:
    """A batch takes jobs until it is full; at least one flies, however large."""
    bench = Bench()
    jobs = [job(put_boat(name="x" * 5000)) for _ in range(5)]
    flight = bench.board(*jobs, max_bytes=20_000)
    assert [passenger.job for passenger in flight.passengers] == jobs[:2]
    assert flight.left_behind == jobs[2:]
    assert [work.attempts for work in jobs] == [1, 1, 0, 0, 0]
    assert len(bench.board(*jobs, max_bytes=1).passengers) == 1


def test_a_job_without_ids_waits_with_those_behind_it() -> None:
    """It has run once more; nothing of it is in the batch."""
    bench = Bench()
    bench.ids.clear()
    bench.ids.refill(1000, 1001)

    def greedy(tx: Transaction) -> None:
        tx.create(Note("1"))
        tx.create(Note("2"))

    jobs = [job(lambda tx: tx.emit_world("first", None)), job(greedy), job(put_boat())]
    flight = bench.board(*jobs)
    assert [passenger.job for passenger in flight.passengers] == jobs[:1]
    assert flight.left_behind == jobs[1:]
    assert [work.attempts for work in jobs] == [1, 1, 0]


# ---- compiled operations --------------------------------------------------------------------------------------------


def test_cells_touched_are_those_the_replica_computes() -> None:
    """Creation, move, stay, deletion and mixtures of them leave equal cell tags on both sides."""
    bench = Bench()
    a, b = bench.create(Boat(0, 1, 1)), bench.create(Boat(0, 2, 2))
    rules: list[Rule] = [
        lambda tx: tx.patch(a, x=50.0),
        lambda tx: tx.patch(a, y=2.0),
        lambda tx: tx.delete(b),
        lambda tx: tx.delete(tx.create(Boat(0, 70, 70))),
        lambda tx: tx.patch(a, x=1.0),
        lambda tx: tx.add(a, Boat, "gold", 1, 0, 9),
    ]
    for rule in rules:
        bench.run(rule)
        verify_same(bench.replica, bench.stored)
    bench.run(put_boat(0, 80, 80), *rules[:1], *rules[3:])
    verify_same(bench.replica, bench.stored)


def test_the_record_is_the_delta_of_the_commit() -> None:
    """What the log says of a command: its tag, session, number, cause, writes and events."""
    bench = Bench()
    session, outcomes = writer(head=SessionHead(1)), list[Outcome]()
    bench.stored.sessions["s1"] = SessionHead(1).pack()
    work = command(session, 7, put_boat(1, 2, 3), outcomes)
    work.cause = b"because"
    flight = bench.board(work)
    bench.commit(flight)
    record = decode_delta(bench.model.log_after(WORLD, 0, 1)[0]).records[0]
    assert (record.session, record.seq, record.cause, record.tag) == ("s1", 7, b"because", flight.ops[0].tag)
    assert [SCHEMA.decode(write.blob or b"") for write in record.writes] == [Boat(1, 2, 3)]


def test_a_batch_bears_the_tag_of_its_first_writer() -> None:
    """A check that flies before it has none; leases, scans and additions are judged in one batch."""
    bench = Bench()
    boat = bench.create(Boat(5, 1, 1))
    grant = LeaseGrant(lease_name("leader"), "me", 3, 1.0)

    def rule(tx: Transaction) -> None:
        tx.require(grant)
        tx.near(1, 1, 1, Note)
        tx.patch(boat, name="x")

    def adding(tx: Transaction) -> None:
        tx.add(boat, Boat, "gold", 1, 0, 99)
        tx.add(boat, Boat, "gold", 1, 0, 99)

    flight = bench.board(job(spend(boat, 99), strict=True), job(rule), job(rule), job(adding))
    assert assemble(flight, 1, 1, "e", 10).stamp == flight.ops[1].tag
    assert bench.commit(flight).codes == COMMITTED + GUARD_LOST * 2 + COMMITTED


def test_additions_by_two_nodes_never_conflict() -> None:
    """Blind additions of stale writers commit; a reader of what they left in vain does not."""
    bench = Bench()
    boat = bench.create(Boat(0, 1, 1))
    late = Bench(bench.model)
    bench.run(lambda tx: tx.add(boat, Boat, "gold", 5, 0, 100))
    adds = [job(lambda tx: tx.add(boat, Boat, "gold", 1, 0, 100)) for _ in range(3)]
    assert late.commit(late.board(*adds, job(spend(boat, 1)))).codes == COMMITTED * 3 + CONFLICT
    late.catch_up()
    bench.catch_up()
    assert late.replica.read(boat)[1] == Boat(8, 1, 1)
    verify_same(late.replica, bench.stored)
    verify_same(bench.replica, bench.stored)


def test_an_addition_to_what_is_deleted_meanwhile_runs_again() -> None:
    """The target must exist when the commit happens."""
    bench = Bench()
    boat = bench.create(Boat(0, 1, 1))
    late = Bench(bench.model)
    bench.run(lambda tx: tx.delete(boat))
    assert late.commit(late.board(job(lambda tx: tx.add(boat, Boat, "gold", 1, 0, 9)))).codes == TARGET_GONE


def test_an_addition_to_an_entity_not_seen_yet_runs_again() -> None:
    """Another node's entity may be of another kind: its bytes are left alone until this node knows."""
    late = Bench()
    bench = Bench(late.model)
    note = bench.create(Note("precious, and long enough"))
    before = bench.stored.state[str(note)]
    flight = late.board(job(lambda tx: tx.add(note, Boat, "gold", 1, 0, 9)))
    assert flight.ops[0].reads == [str(note), NO_TAG]
    assert late.commit(flight).codes == CONFLICT
    assert bench.stored.state[str(note)] == before


def test_event_bodies_arrive_as_they_were_emitted() -> None:
    """The body is encoded once, in place."""
    bench = Bench()
    body = {"text": "ahoy", "at": [1.5, 2]}
    bench.run(lambda tx: tx.emit_world("shout", body))
    payload = bench.model.log_after(WORLD, 0, 1)[0]
    assert decode_delta(payload).records[0].events[0].body == body
    assert msgspec.msgpack.encode(body) in payload
