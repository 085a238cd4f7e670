"""Work for a committer: what to run, for which session, and whom to tell.

A job changes its session's row in one of five ways: an entry makes it, a command moves the sequence number on, a resume
changes the generation, going away changes only its tail, an exit removes it. Timed rules have no session.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from shared_state.names import SessionId
from shared_state.outcome import Outcome, Rejection
from shared_state.session_row import SessionHead
from shared_state.transaction import Transaction


@attrs.define(eq=False)
class SessionWriter:
    """This node's right to write for a session: the head that the store's row has, as far as this node knows.

    ``head`` None: the row does not exist (yet, or any more). Once ``fenced`` it stays so.
    """

    id: SessionId
    head: SessionHead | None = None
    fenced: bool = False


@attrs.define(eq=False)
class Job:
    """One transaction to be run until it commits, is refused, or gives up.

    Args:
        run: the rule with its arguments bound; may be called several times; writes only through the transaction.
        settle: told the outcome once, synchronously; must not raise.
        session: whose command it is; None for timed rules.
        step: from the session's head to the one after; None as result removes the row.
        seq: the command's sequence number; 0 when it is none.
        cause: what a verifier needs to run the rule again; ``run`` may say it instead, in the transaction.
        strict: have the store confirm what a refusal rests on.
        tail: new rest of the session's row; empty: unchanged. ``run`` may set it.
        opens: it makes the session's row, which must not exist.
        attempts: how often it ran.
    """

    run: Callable[[Transaction], Rejection | None]
    settle: Callable[[Outcome], None]
    session: SessionWriter | None = None
    step: Callable[[SessionHead | None], SessionHead | None] = lambda head: head
    seq: int = 0
    cause: bytes = b""
    strict: bool = False
    tail: bytes = b""
    opens: bool = False
    attempts: int = 0


def advance_to(seq: int) -> Callable[[SessionHead | None], SessionHead | None]:
    """Step of a job that is command ``seq`` of its session."""

    def advance(head: SessionHead | None) -> SessionHead | None:
        return None if head is None else head.advance(seq)

    return advance


def open_row(_head: SessionHead | None) -> SessionHead | None:
    """Step of a job that opens its session."""
    return SessionHead(generation=1)


def same_row(head: SessionHead | None) -> SessionHead | None:
    """Step of a job that changes only the rest of its session's row."""
    return head


def take_over(generation: int) -> Callable[[SessionHead | None], SessionHead | None]:
    """Step of a job that takes over a session: whoever wrote for it before is fenced.

    Args:
        generation: drawn at random below 2**32. Counted, it would come twice when the store loses history, and two
            nodes would both be right.
    """

    def take(head: SessionHead | None) -> SessionHead | None:
        if head is None:
            return None
        return head._replace(generation=generation if generation != head.generation else generation ^ 1)

    return take


def drop_row(_head: SessionHead | None) -> SessionHead | None:
    """Step of a job that ends its session."""
    return None
