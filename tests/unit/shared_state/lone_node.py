"""A node for committer tests: behind a store that can be made to fail, with a rival on the same server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from shared_state.committer import CommitLimits
from shared_state.delta import Record, decode_delta
from shared_state.entity import EntityId
from shared_state.job import Job, SessionWriter, advance_to, open_row
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import session_id
from shared_state.outcome import Committed, Outcome
from shared_state.schema import Kind
from shared_state.session_row import SessionHead
from shared_state.world import World, open_world
from tests.unit.shared_state.flaky_store import FlakyStore, Rival
from tests.unit.shared_state.small_world import (
    SCHEMA,
    WORLD,
    Rule,
    clock_ms,
    memory_server,
    put_boat,
    until,
    verify_same,
)


@attrs.define(eq=False)
class Node:
    """A node behind a flaky store, with a rival on the same server."""

    world: World
    store: FlakyStore
    server: MemoryServer
    rival: Rival
    settled: list[tuple[str, int, Outcome]] = attrs.field(factory=list)

    def log(self) -> list[Record]:
        """All records in log order."""
        log = self.server.model.worlds[WORLD].log
        return [record for _, payload in log for record in decode_delta(payload).records]

    def commands(self, session: str) -> list[int]:
        """Sequence numbers of a session's committed commands, in log order."""
        return [record.seq for record in self.log() if record.session == session and record.seq]

    def submit(self, rule: Rule, session: SessionWriter | None = None, seq: int = 0) -> None:
        """Submits a command, or a job of no session under a number of its own."""
        name = session.id if session else ""

        def settle(outcome: Outcome) -> None:
            if isinstance(outcome, Committed):
                assert self.world.replica.version >= outcome.version, "told before the replica had it"
            self.settled.append((name, seq, outcome))

        self.world.submit(Job(rule, settle, session, advance_to(seq), seq if session else 0))

    async def session(self, name: str = "s1") -> SessionWriter:
        """An open session."""
        writer = self.world.writer(session_id(name))
        told: list[Outcome] = []
        self.world.submit(Job(put_boat(name=name), told.append, writer, open_row, opens=True, tail=b"t"))
        await until(lambda: told)
        assert isinstance(told[0], Committed)
        assert writer.head == SessionHead(1)
        return writer

    async def create(self, value: Kind) -> EntityId:
        """A new entity, in this node's replica."""
        made: list[EntityId] = []
        await self.world.transact(lambda tx: made.append(tx.create(value)))
        return made[-1]

    async def settled_all(self, count: int) -> list[Outcome]:
        """Waits until so many jobs are settled. Returns: their outcomes in order."""
        await until(lambda: len(self.settled) >= count)
        await wait_all_tasks_blocked()
        assert len(self.settled) == count, "settled more than once"
        return [outcome for _, _, outcome in self.settled]


@asynccontextmanager
async def node(
    limits: CommitLimits | None = None, *, late_push: bool = False, next_showing_s: Callable[[], float] = lambda: 0.0
) -> AsyncGenerator[Node, None]:
    """A node that has been idle for a while."""
    server = memory_server()
    store = FlakyStore(MemoryStore(server, push_after_reply=late_push))
    with trio.fail_after(1000):
        async with open_world(store, WORLD, SCHEMA, clock_ms, limits=limits, next_showing_s=next_showing_s) as world:
            await trio.sleep(10)
            yield Node(world, store, server, Rival(server))
            verify_same(world.replica, server.model.worlds[WORLD])
