"""Strict serializability at the core: whatever nodes know and whenever they commit, the log is a serial order."""

from __future__ import annotations

from functools import partial

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared_state import store_model
from shared_state.batch import COMMITTED
from shared_state.delta import decode_delta
from shared_state.entity import EntityId
from shared_state.flight import Flight
from shared_state.job import Job
from shared_state.outcome import Outcome, Rejected
from shared_state.transaction import Transaction
from tests.property.replay import Replay, Rule
from tests.property.rule_book import BOATS, SPOTS, Errand, errands
from tests.unit.shared_state.small_world import WORLD, Bench, Boat, verify_same


@attrs.define(eq=False)
class Fleet:
    """Nodes that share a store: each boards, commits and hears of deltas when it is told to."""

    nodes: list[Bench]
    rules: dict[bytes, Rule] = attrs.field(factory=dict)
    refusals: list[tuple[Rule, Rejected]] = attrs.field(factory=list)
    boats: list[EntityId] = attrs.field(factory=list)
    in_flight: dict[int, Flight] = attrs.field(factory=dict)
    committed: int = 0

    @classmethod
    def launch(cls, size: int) -> Fleet:
        """A fleet in a bay with the first boats."""
        first = Bench()
        fleet = cls([first, *(Bench(first.model) for _ in range(size - 1))])
        for place in range(BOATS):
            value = Boat(10, SPOTS[place], 0)
            flight = first.board(fleet.job(lambda tx, value=value: fleet.boats.append(tx.create(value))))
            first.commit(flight)
            first.catch_up()
        fleet.boats[BOATS:] = []
        for node in fleet.nodes:
            node.catch_up()
        return fleet

    def job(self, rule: Rule, *, strict: bool = False) -> Job:
        """A job whose records carry its number as their cause."""
        cause = str(len(self.rules)).encode()
        self.rules[cause] = rule
        return Job(rule, partial(self._settle, rule), cause=cause, strict=strict)

    def _settle(self, rule: Rule, outcome: Outcome) -> None:
        if isinstance(outcome, Rejected):
            self.refusals.append((rule, outcome))

    def board(self, place: int, plan: list[tuple[Errand, bool]]) -> None:
        """The node runs rules on what it knows; they fly later."""
        self.land(place)
        jobs = [self.job(partial(_on_boats, errand, self.boats), strict=strict) for errand, strict in plan]
        flight = self.nodes[place].board(*jobs)
        for job, outcome in flight.answers:
            job.settle(outcome)
        if flight.ops:
            self.in_flight[place] = flight

    def land(self, place: int) -> None:
        """The node's flight reaches the store; what conflicts there is dropped."""
        flight = self.in_flight.pop(place, None)
        if flight is None:
            return
        reply = self.nodes[place].commit(flight)
        for passenger, code in zip(flight.passengers, reply.codes, strict=True):
            if code == COMMITTED and passenger.refusal is not None:
                passenger.job.settle(Rejected(reply.version, passenger.refusal))
            self.committed += code == COMMITTED and passenger.refusal is None

    def hear(self, place: int, count: int) -> None:
        """The node applies some of the deltas that it has not had."""
        node = self.nodes[place]
        for payload in node.model.log_after(WORLD, node.replica.version, count):
            node.replica.apply(decode_delta(payload))

    def verify(self) -> None:
        """Fails unless the log explains everything, and everybody agrees with the store."""
        stored = self.nodes[0].stored
        for place, node in enumerate(self.nodes):
            self.land(place)
            node.catch_up()
        for node in self.nodes:
            node.catch_up()
            verify_same(node.replica, stored)
        log = self.nodes[0].model.log_after(WORLD, 0, 10_000)
        Replay(lambda record: self.rules[record.cause], refusals=self.refusals).verify(log, stored)


def _on_boats(errand: Errand, boats: list[EntityId], tx: Transaction):  # type: ignore[no-untyped-def]
    """An errand as a rule."""
    return errand(tx, boats)


PLACE = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("board"), PLACE, st.lists(st.tuples(errands(), st.booleans()), min_size=1, max_size=6)),
        st.tuples(st.just("land"), PLACE),
        st.tuples(st.just("hear"), PLACE, st.integers(1, 5)),
    ),
    max_size=25,
)


UNSEEN_ARRIVAL = [
    ("board", 0, [(Errand("_count", 0, 0, 1.0, 1.0), False)]),
    ("land", 0),
    ("board", 1, [(Errand("_gain_and_look", 0, 0, 1.0, 1.0), False), (Errand("_count", 0, 0, 1.0, 1.0), False)]),
]
"""A node creates a note without looking, then counts notes, in one batch; it has not heard of another node's note."""


@settings(deadline=None)
@example(2, UNSEEN_ARRIVAL)
@given(st.integers(1, 3), STEPS)
def test_any_history_is_explained_by_its_log(size: int, steps: list[tuple]) -> None:  # type: ignore[type-arg]
    """Committed rules, run one by one in log order, write the same and end the same; refusals hold at their version."""
    verify_history(size, steps)


def verify_history(size: int, steps: list[tuple]) -> Fleet:  # type: ignore[type-arg]
    """Runs a history and fails unless its log explains it."""
    fleet = Fleet.launch(size)
    for action, place, *arguments in steps:
        getattr(fleet, action)(place % size, *arguments)
    fleet.verify()
    return fleet


@settings(deadline=None)
@given(st.lists(st.tuples(errands(), st.booleans()), min_size=1, max_size=12))
def test_a_batch_alone_commits_whole(plan: list[tuple[Errand, bool]]) -> None:
    """With no other node, nothing in a batch conflicts but additions to what is gone and what rests on them."""
    fleet = Fleet.launch(1)
    jobs = [fleet.job(partial(_on_boats, errand, fleet.boats), strict=strict) for errand, strict in plan]
    flight = fleet.nodes[0].board(*jobs)
    reply = fleet.nodes[0].commit(flight)
    if not any(errand.name == "_sink" for errand, _ in plan):
        assert set(reply.codes) <= {COMMITTED}
    fleet.verify()


@pytest.mark.parametrize("check", ["reads", "scans"])
def test_the_oracle_finds_a_store_that_checks_too_little(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the check of reads or of scans removed from the store, some history is not explained by its log."""
    judge = store_model.ModelStore._judge

    def lenient(store, name, world, op):  # type: ignore[no-untyped-def]
        return judge(store, name, world, op._replace(**{check: []}))

    monkeypatch.setattr(store_model.ModelStore, "_judge", lenient)
    with pytest.raises(AssertionError):
        verify_history(2, LOST_UPDATE if check == "reads" else PHANTOM)


def _both_at_once(errand: Errand) -> list[tuple]:  # type: ignore[type-arg]
    """Two nodes decide on the same state and commit one after the other."""
    return [("board", 0, [(errand, False)]), ("board", 1, [(errand, False)]), ("land", 0), ("land", 1)]


LOST_UPDATE = _both_at_once(Errand("_trade", 0, 1, 1.0, 5.0))
PHANTOM = _both_at_once(Errand("_count", 0, 0, 1.0, 1.0))


@pytest.mark.parametrize("steps", [LOST_UPDATE, PHANTOM])
def test_the_same_histories_are_explained_with_the_checks(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    """Of two that decided on one state, the real store lets one commit."""
    assert verify_history(2, steps).committed == 1
