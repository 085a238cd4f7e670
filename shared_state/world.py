"""One open world on one node: its replica, follower and committer, started and stopped together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from shared_state.committer import CommitLimits, Committer
from shared_state.follower import Follower
from shared_state.job import Job, SessionWriter
from shared_state.names import SessionId, WorldName
from shared_state.outcome import Outcome, Rejection
from shared_state.replica import Replica
from shared_state.schema import Schema
from shared_state.store import Store
from shared_state.transaction import Transaction


def _nothing(*_: object) -> None:
    """Default for callbacks."""


def _at_once() -> float:
    """Where nothing is shown, nothing is to be waited for."""
    return 0.0


@attrs.frozen
class World:
    """An open world. ``replica`` is read by all, written by ``follower`` alone."""

    name: WorldName
    replica: Replica
    follower: Follower
    committer: Committer

    def writer(self, session: SessionId) -> SessionWriter:
        """This node's right to write for a session; give it back with ``forget``."""
        writer = SessionWriter(session)
        self.committer.writers[writer] = None
        return writer

    def forget(self, writer: SessionWriter) -> None:
        """Ends what ``writer`` began."""
        self.committer.writers.pop(writer, None)

    def submit(self, job: Job) -> None:
        """Queues a job for the next batch."""
        self.committer.submit(job)

    async def transact(self, rule: Callable[[Transaction], Rejection | None]) -> Outcome:
        """Runs a rule that belongs to no session, and waits for its outcome."""
        done = trio.Event()
        outcomes: list[Outcome] = []

        def settle(outcome: Outcome) -> None:
            outcomes.append(outcome)
            done.set()

        self.submit(Job(rule, settle))
        await done.wait()
        return outcomes[0]


@asynccontextmanager
async def open_world(
    store: Store,
    name: WorldName,
    schema: Schema,
    clock_ms: Callable[[], int],
    *,
    limits: CommitLimits | None = None,
    on_advance: Callable[[], None] = _nothing,
    on_reset: Callable[[str], None] = _nothing,
    next_showing_s: Callable[[], float] = _at_once,
) -> AsyncGenerator[World, None]:
    """Opens a world, making it if it is new; closed with the context.

    Args:
        clock_ms: milliseconds since 1970, for rules.
        on_advance: called after the replica moved on by a delta.
        on_reset: called after the replica was replaced by a snapshot, with the reason.
        next_showing_s: when players are shown more, at the soonest, by Trio's clock: commits are in time for it.

    Raises:
        IncompatibleWorld: the stored world has another format or schema.
    """
    replica = Replica(schema)
    follower = Follower(store, name, replica, on_advance, on_reset)
    committer = Committer(store, name, follower, clock_ms, next_showing_s, limits or CommitLimits())
    async with trio.open_nursery() as nursery:
        # Attach first: it makes a new world, so that the first snapshot already has its epoch.
        await nursery.start(committer.run)
        await nursery.start(follower.run)
        yield World(name, replica, follower, committer)
        nursery.cancel_scope.cancel()
