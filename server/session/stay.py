"""A player's stay in the world: how it begins, is taken up again elsewhere, pauses, and ends; each step one commit.

How it works: a seat is taken first; then entering makes the session's row and the avatar in one transaction. A lost
connection marks the row as away. A resume changes the row's generation, which fences whatever another node still has
queued for the session, and takes over avatar and sequence numbers. Leaving removes row and avatar together; so does
the reaper, for those who do not come back.
Must not know: connections, messages. Invariant: a row and its avatar come and go in the same commit.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import Protocol

import attrs
import structlog

from server.game import Actor, EntityId
from server.session import deeds
from server.session.room import Room, Unseated
from shared_state.job import Job, SessionWriter, drop_row, open_row, same_row, take_over
from shared_state.names import SessionId
from shared_state.outcome import Busy, Committed, Fenced, Outcome, Rejected, Rejection
from shared_state.session_row import SessionHead, SessionTail, encode_tail, unpack_row
from shared_state.transaction import Transaction

log = structlog.get_logger()

RESUME_ATTEMPTS = 8
END_AGAIN_S = 1.0


class Guest(Protocol):
    """Who stays; told how it goes, synchronously."""

    def on_begun(self, resumed: SessionHead | None) -> None:
        """The stay has begun; ``resumed``: it goes on from there."""

    def on_refused(self, rejection: Rejection) -> None:
        """The game does not let the player in."""

    def on_failed(self, reason: str) -> None:
        """The store could not be asked, or lost the question."""

    def on_unseated(self, why: Unseated) -> None:
        """There is no seat."""


@attrs.define(eq=False)
class Stay:
    """One player's stay, as far as this node serves it.

    Args:
        fresh_id, fresh_secret: of a new stay; a resume goes by those of the old one.
        name: what the player is called. player: who it is, by its credentials; empty: nobody in particular.
        ticket: of a seat that was reserved; empty: any free one.
    """

    room: Room
    guest: Guest
    fresh_id: SessionId
    fresh_secret: str
    name: str
    ticket: str = ""
    player: str = ""
    session_id: SessionId = attrs.field(init=False)
    secret: str = attrs.field(init=False)
    actor: Actor | None = None
    writer: SessionWriter | None = None
    _ended: bool = False

    def __attrs_post_init__(self) -> None:
        self.session_id, self.secret = self.fresh_id, self.fresh_secret

    def enter(self) -> None:
        """Asks for a seat, then for a new avatar, in a session of its own."""
        self.session_id, self.secret = self.fresh_id, self.fresh_secret
        self.room.seating.take(self.session_id, self.ticket, self._on_seated)

    def _on_seated(self, why_not: Unseated | None) -> None:
        if why_not is not None:
            self.guest.on_unseated(why_not)
        elif self._ended:
            self.room.seating.leave(self.session_id)
        else:
            self._submit_entry()

    def _submit_entry(self) -> None:
        self.writer = self.room.world.writer(self.session_id)
        job = Job(lambda tx: self._make_avatar(tx, job), self._on_entered, self.writer, open_row, opens=True)
        self.room.world.submit(job)

    def resume(self, session: SessionId, secret: str, attempts: int = RESUME_ATTEMPTS) -> None:
        """Takes up an earlier stay; begins a new one if there is none of that secret any more."""
        self.room.recall(session, lambda row: self._on_recalled(session, secret, row, attempts))

    def end(self, for_good: bool) -> None:
        """The connection is over: the player left, or (not ``for_good``) may come back."""
        if self._ended:
            return
        self._ended = True
        if self.writer is not None and self.actor is not None and self.writer.head is not None:
            self._submit_end(for_good)

    @property
    def is_on(self) -> bool:
        """Whether this node still serves it: the connection stands and nobody took the session over."""
        return not self._ended and self.writer is not None and not self.writer.fenced

    def lost_avatar(self) -> bool:
        """Whether the world no longer has what this player controls."""
        return self.actor is not None and self.actor.entity not in self.room.world.replica.entities

    def _make_avatar(self, tx: Transaction, job: Job) -> Rejection | None:
        made = deeds.enter(self.room.game, self.session_id, self.name, self.room.node_name, tx)
        if isinstance(made, Rejection):
            return made
        self.actor = made
        job.tail = self._tail(made.entity, away=False)
        return None

    def _on_entered(self, outcome: Outcome) -> None:
        if isinstance(outcome, Committed):
            self._begin(None)
            return
        self._forget()
        self.room.seating.leave(self.session_id)
        if isinstance(outcome, Rejected):
            self.guest.on_refused(outcome.rejection)
        else:
            self.guest.on_failed("busy")

    def _on_recalled(self, session: SessionId, secret: str, row: bytes | None, attempts: int) -> None:
        if self._ended:
            return
        if row is None:
            self.guest.on_failed("the store does not answer")
        elif not row or not self._opens(secret, row):
            log.info("no such session to resume", world=self.room.world.name, session=session, known=bool(row))
            self.enter()
        else:
            self.room.seating.keep(session, lambda why_not: self._on_kept(session, secret, row, attempts, why_not))

    def _on_kept(self, session: SessionId, secret: str, row: bytes, attempts: int, why_not: Unseated | None) -> None:
        if why_not is not None:
            self.guest.on_unseated(why_not)
        elif not self._ended:
            self._take_over(session, secret, row, attempts)

    def _take_over(self, session: SessionId, secret: str, row: bytes, attempts: int) -> None:
        head, tail = unpack_row(row)
        self.session_id, self.secret, self.name = session, secret, tail.name
        self.actor = Actor(session, EntityId(tail.entity), tail.name, self.room.node_name)
        self.writer = self.room.world.writer(session)
        self.writer.head = head

        def settle(outcome: Outcome) -> None:
            self._on_taken_over(outcome, attempts)

        tail_here = self._tail(EntityId(tail.entity), away=False)
        run = partial(deeds.arrive, self.room.game, self.actor)
        step = take_over(int.from_bytes(hash_secret(self.fresh_secret)[:4], "big"))
        # Strict: this node's replica may not have the avatar yet.
        self.room.world.submit(Job(run, settle, self.writer, step, strict=True, tail=tail_here))

    def _on_taken_over(self, outcome: Outcome, attempts: int) -> None:
        if isinstance(outcome, Committed):
            assert self.writer is not None
            # As it was taken over, which may be past what was recalled: after a rollback rows are asked for again.
            self._begin(self.writer.head)
            return
        self._forget()
        if isinstance(outcome, Fenced) and attempts > 1:
            # The old node committed one more command meanwhile: ask again what the session has come to.
            self.resume(self.session_id, self.secret, attempts - 1)
        elif isinstance(outcome, Rejected):
            self.guest.on_refused(outcome.rejection)
        else:
            self.guest.on_failed("busy")

    def _begin(self, resumed: SessionHead | None) -> None:
        if self._ended:
            self._submit_end(for_good=False)
        else:
            self.guest.on_begun(resumed)

    def _submit_end(self, for_good: bool) -> None:
        actor = self.actor
        assert actor is not None

        def settle(outcome: Outcome) -> None:
            self._on_ended(outcome, for_good)

        if for_good:
            run = partial(deeds.leave, self.room.game, actor)
            job = Job(run, settle, self.writer, drop_row)
        else:
            tail = self._tail(actor.entity, away=True)
            job = Job(lambda _tx: None, settle, self.writer, same_row, tail=tail)
        self.room.world.submit(job)

    def _on_ended(self, outcome: Outcome, for_good: bool) -> None:
        if isinstance(outcome, Busy):
            # This node lives, so nobody else would ever remove a session that its row gives to this node.
            log.warning(
                "end of a session not committed, trying again", world=self.room.world.name, session=self.session_id
            )
            self.room.later(END_AGAIN_S, lambda: self._submit_end(for_good))
            return
        if for_good and isinstance(outcome, Committed):
            self.room.seating.leave(self.session_id)
        self._forget()

    def _forget(self) -> None:
        if self.writer is not None:
            self.room.world.forget(self.writer)

    def _tail(self, avatar: EntityId, *, away: bool) -> bytes:
        away_since_ms = int(self.room.clock_ms()) if away else 0
        secret_hash = hash_secret(self.secret)
        return encode_tail(SessionTail(avatar, self.room.owner, away_since_ms, secret_hash, self.name, self.player))

    def _opens(self, secret: str, row: bytes) -> bool:
        """Whether a row is this player's, and the secret is right: neither alone will do."""
        _, tail = unpack_row(row)
        is_right = hmac.compare_digest(tail.secret_hash, hash_secret(secret))
        return bool(secret) and is_right and tail.player == self.player


def hash_secret(secret: str) -> bytes:
    """What the store keeps of a secret."""
    return hashlib.sha256(secret.encode()).digest()
