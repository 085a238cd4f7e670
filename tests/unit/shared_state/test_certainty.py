"""What a writer may be certain of: its own batches, one after the other, and nothing else."""

from __future__ import annotations

import pytest

from shared_state.batch import COMMITTED, CONFLICT, Batch, CommitReply, TxOp
from shared_state.certainty import UNSURE, Certainty
from shared_state.position import NO_STAMP
from shared_state.session_row import SessionHead
from tests.contract.writer import Step, add_op, make_op

OPENED = SessionHead(1)
FIRST, SECOND = OPENED.advance(1), OPENED.advance(1).advance(2)


def moves(session: str, before: SessionHead | None, after: SessionHead | None, tag: bytes = b"tag.....") -> TxOp:
    """A command of a session."""
    return make_op(tag, puts={1: b"x"}, step=Step(session, before, after))


def batch(stamp: bytes, *ops: TxOp) -> Batch:
    """A batch that was sent."""
    return Batch(1, 1, "epoch", stamp, 100, list(ops))


def after(*ops: TxOp, codes: str = "", alone: bool = True) -> Certainty:
    """What is certain when a batch has come back."""
    certainty = Certainty()
    certainty.of(list(ops), NO_STAMP)
    certainty.learn(batch(b"mine...1", *ops), CommitReply(1, codes or COMMITTED * len(ops), {}), alone=alone)
    return certainty


def test_a_writer_is_certain_of_its_own_last_batch() -> None:
    """The session's next command rests on the head that this writer left."""
    certainty = after(moves("s", OPENED, FIRST))
    assert certainty.of([moves("s", FIRST, SECOND)], b"mine...1") == b"mine...1"
    assert certainty.of([moves("s", OPENED, SECOND)], b"mine...1") == UNSURE


def test_commands_of_one_session_follow_on_in_a_batch() -> None:
    """The second stands on what the first leaves."""
    certainty = after(moves("s", None, OPENED))
    assert certainty.of([moves("s", OPENED, FIRST), moves("s", FIRST, SECOND)], b"mine...1") == b"mine...1"
    assert certainty.of([moves("s", OPENED, FIRST), moves("s", OPENED, FIRST)], b"mine...1") == UNSURE


def test_a_session_that_was_never_committed_for_is_not_certain() -> None:
    """Neither one that came from elsewhere, nor one that is opened."""
    certainty = after(moves("s", None, OPENED))
    assert certainty.of([moves("t", OPENED, FIRST)], b"mine...1") == UNSURE
    assert certainty.of([moves("t", None, OPENED)], b"mine...1") == UNSURE


def test_anothers_batch_ends_all_certainty_of_sessions() -> None:
    """Also when this writer commits after it; what belongs to no session rests on the replica alone."""
    certainty = after(moves("s", None, OPENED))
    assert certainty.of([make_op(b"tag.....", puts={1: b"x"})], b"theirs..") == b"theirs.."
    assert certainty.of([moves("s", OPENED, FIRST)], b"theirs..") == UNSURE
    certainty.learn(batch(b"mine...2", moves("t", None, OPENED)), CommitReply(3, COMMITTED, {}), alone=True)
    assert certainty.of([moves("s", OPENED, FIRST)], b"mine...2") == UNSURE
    assert certainty.of([moves("t", OPENED, FIRST)], b"mine...2") == b"mine...2"


def test_anothers_batch_just_before_ends_it_too() -> None:
    """It came in between what this writer knew and its own batch."""
    certainty = after(moves("s", None, OPENED))
    certainty.learn(batch(b"mine...3", moves("t", None, OPENED)), CommitReply(3, COMMITTED, {}), alone=False)
    assert certainty.of([moves("s", OPENED, FIRST)], b"mine...3") == UNSURE
    assert certainty.of([moves("t", OPENED, FIRST)], b"mine...3") == b"mine...3"


def test_what_did_not_commit_leaves_nothing() -> None:
    """Of a batch in part only what committed; of one that did not, not even its stamp."""
    ops = (moves("s", None, OPENED), moves("t", None, OPENED))
    part = after(*ops, codes=COMMITTED + CONFLICT)
    assert part.of([moves("s", OPENED, FIRST)], b"mine...1") == b"mine...1"
    assert part.of([moves("t", OPENED, FIRST)], b"mine...1") == UNSURE
    none = after(*ops, codes=CONFLICT * 2)
    assert none.of([moves("s", OPENED, FIRST)], b"mine...1") == UNSURE


def test_a_session_that_ended_is_forgotten() -> None:
    """Its row is gone; whoever opens it again is judged."""
    certainty = after(moves("s", OPENED, None))
    assert certainty.of([moves("s", None, OPENED)], b"mine...1") == UNSURE


@pytest.mark.parametrize(
    "op",
    [
        make_op(b"tag.....", guards={"lease": 7}, puts={1: b"x"}),
        make_op(b"tag.....", adds=add_op(1, 0, 1.0, 0.0, 9.0, (b"seen....", b"tag.....", b"other..."))),
    ],
    ids=["lease", "add"],
)
def test_what_only_the_store_can_tell_is_not_certain(op: TxOp) -> None:
    """A lease may be lost without a commit, and an addition meets what is there."""
    assert Certainty().of([op], NO_STAMP) == UNSURE
