"""A batch sent whole does what its transactions do one by one: what it claims, against the model."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
from hypothesis import event, given, settings
from hypothesis import strategies as st

from shared_state.batch import COMMITTED, Batch, TxOp
from shared_state.entity import NO_TAG
from shared_state.names import world_name
from shared_state.redis.claim import Claim, encode_claim
from shared_state.session_row import SessionHead
from shared_state.store_model import ModelStore, ModelWorld
from tests.contract.writer import LOG_LENGTH, SCHEMA, Step, make_batch, make_op

WORLD = world_name("bay")
IDS = (1, 2, 3)
CELLS = (5, 6)
SESSIONS = ("s", "t")
STALE = b"stale..."

SEEN = st.sampled_from(["first", "last", "last", "last", "last", "last", "last", "stale"])
BLOBS = st.sampled_from([b"x", b"y", None])


@attrs.frozen
class Plan:
    """A transaction before tags are known: of each name, which of its tags it saw."""

    reads: dict[int, str]
    scans: dict[int, str]
    puts: dict[int, bytes | None]
    cells: list[int]
    session: str
    head: str
    leaves: bool
    tail: bytes
    only_checks: bool


PLANS = st.builds(
    Plan,
    reads=st.dictionaries(st.sampled_from(IDS), SEEN, max_size=2),
    scans=st.dictionaries(st.sampled_from(CELLS), SEEN, max_size=2),
    puts=st.dictionaries(st.sampled_from(IDS), BLOBS, max_size=2),
    cells=st.lists(st.sampled_from(CELLS), max_size=1),
    session=st.sampled_from(["", *SESSIONS]),
    head=SEEN,
    leaves=st.sampled_from([False, False, True]),
    tail=st.sampled_from([b"", b"tail"]),
    only_checks=st.sampled_from([False, False, False, True]),
)


@attrs.define(eq=False)
class Scribe:
    """Makes transactions that know what those before them left."""

    first: ModelWorld
    tags: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))
    left: dict[Any, bytes] = attrs.field(factory=dict)

    def op(self, plan: Plan) -> TxOp:
        """One transaction."""
        tag = b"%08d" % next(self.tags)
        op = make_op(
            tag,
            reads={
                name: self._seen(how, name, self.first.state.get(str(name), b"")[:8])
                for name, how in plan.reads.items()
            },
            scans={
                name: self._seen(how, -name, self.first.cells.get(str(name), b"")) for name, how in plan.scans.items()
            },
            puts=plan.puts,
            cells=plan.cells,
            step=self._step(plan) if plan.session else None,
            only_checks=plan.only_checks,
        )
        if not plan.only_checks:
            self.left |= {name: b"" if blob is None else tag for name, blob in plan.puts.items()}
            self.left |= {-cell: tag for cell in plan.cells}
            self.left |= {op.session: op.become} if op.session else {}
        return op

    def _seen(self, how: str, name: int, first: bytes) -> bytes:
        return STALE if how == "stale" else (first if how == "first" else self.left.get(name, first)) or NO_TAG

    def _step(self, plan: Plan) -> Step:
        first = self.first.sessions.get(plan.session, b"")[:20]
        stored = first if plan.head == "first" else self.left.get(plan.session, first)
        before = SessionHead(int.from_bytes(stored[:4], "big"), 0) if stored else None
        if plan.head == "stale":
            before = SessionHead(99)
        after = None if plan.leaves else SessionHead(before.generation + 1 if before else 1)
        return Step(plan.session, before, after, plan.tail)


def opened() -> tuple[ModelStore, Any]:
    """A world with two entities, a cell and a session."""
    store = ModelStore(lambda: 1_800_000_000_000_000, lambda: "epoch")
    attachment = store.attach(WORLD, SCHEMA, 10)
    made = make_op(b"made....", puts={1: b"a", 2: b"b"}, cells=[5], step=Step("s", None, SessionHead(1), b"row"))
    store.commit(WORLD, make_batch(attachment, 1, [made]))
    return store, attachment


def holds(claim: Claim, world: ModelWorld) -> bool:
    """Whether a world is as claimed."""
    return (
        all(world.state.get(name, NO_TAG)[:8] == tag for name, tag in claim.tags.items())
        and all(world.cells.get(name, NO_TAG) == tag for name, tag in claim.cell_tags.items())
        and all(world.sessions.get(name, b"")[:20] == head for name, head in claim.heads.items())
    )


@given(st.lists(PLANS, min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_a_claim_that_holds_leaves_what_its_transactions_leave(plans: list[Plan]) -> None:
    """Then all of them commit, and state, cells, sessions and records are the same; else nothing is claimed or held."""
    store, attachment = opened()
    world = store.worlds[WORLD]
    scribe = Scribe(world)
    ops = [scribe.op(plan) for plan in plans]
    claim = Claim()
    claimed = all(map(claim.take, ops)) and holds(claim, world)
    state = world.state | claim.state
    cells = world.cells | claim.cells
    rows = {name: head + world.sessions.get(name, b"")[20:] for name, head in claim.sessions.items()}
    rows |= {
        name: rows[name][:20] + tail for key, tail in claim.tails.items() if rows.get(name := key.removesuffix(":tail"))
    }
    sessions = world.sessions | {name: row if claim.sessions[name] else b"" for name, row in rows.items()}
    reply, _ = store.commit(WORLD, Batch(attachment.incarnation, 2, "epoch", b"stamp...", LOG_LENGTH, ops))
    event(f"claimed: {claimed}")
    if reply.codes != COMMITTED * len(ops):
        assert not claimed
    if claimed:
        assert {name: value for name, value in state.items() if value} == world.state
        assert cells == world.cells
        assert {name: row for name, row in sessions.items() if row} == world.sessions
        assert claim.records == [op.record for op in ops if op.record]


def test_what_the_store_has_to_work_out_is_not_claimed() -> None:
    """Leases, additions and contradictions go step by step, and so does a batch of too many names."""
    _, attachment = opened()
    held = make_op(b"tag.....", guards={"l": 1}, puts={1: b"x"})
    adds = make_op(b"tag.....", adds=["1", 0, 1.0, 0.0, 1.0, NO_TAG, NO_TAG, NO_TAG])
    first, second = (make_op(b"tag%05d" % n, reads={1: b"made...."}, puts={1: b"x"}) for n in (1, 2))
    many = make_op(b"tag.....", puts=dict.fromkeys(range(2001), b"x"))
    for ops in ([held], [adds], [first, second], [many]):
        assert encode_claim(make_batch(attachment, 2, ops)) is None
    assert encode_claim(make_batch(attachment, 2, [first])) is not None
