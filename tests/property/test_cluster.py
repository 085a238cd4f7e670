"""Whole nodes on one store under faults: committed once and in order, converged, and explained by the log.

Hypothesis chooses the work and the faults; Trio runs on a virtual clock, with its own order of tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeAlias

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from shared_state.committer import CommitLimits
from shared_state.delta import decode_delta
from shared_state.entity import EntityId
from shared_state.errors import StoreUnavailable
from shared_state.job import Job, SessionWriter, advance_to, open_row
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import session_id
from shared_state.outcome import Committed, Outcome, Rejected
from shared_state.session_row import unpack_head
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.property.replay import Replay, Rule
from tests.property.rule_book import BOATS, SPOTS, Errand, Refusal, errands
from tests.unit.shared_state.flaky_store import Fault, FlakyStore
from tests.unit.shared_state.small_world import SCHEMA, WORLD, Boat, clock_ms, memory_server, until, verify_same

Work: TypeAlias = tuple[int, Errand, bool, float]
"""Node, rule, strictness, seconds until the next."""

LOG_LENGTH = 10_000
AWAY = StoreUnavailable("away")
COMMIT_FAULTS = st.sampled_from(["", "", "before", "after", "forgotten"])
DELTA_FATES = st.sampled_from(["", "", "", "lost", "twice", "late"])


@attrs.define(eq=False)
class Fates:
    """A channel that does to each delta what was drawn for it; afterwards it is sound."""

    fates: list[str]
    _late: list[bytes] = attrs.field(factory=list)

    def __call__(self, payload: bytes) -> Iterable[bytes]:
        fate = self.fates.pop() if self.fates else ""
        if fate == "late":
            self._late.append(payload)
            return ()
        late, self._late = self._late, []
        return {"": [payload], "twice": [payload, payload], "lost": list[bytes]()}[fate] + late


@attrs.define(eq=False)
class Cluster:
    """Nodes with one session each, and what became of every command."""

    server: MemoryServer = attrs.field(factory=memory_server)
    worlds: list[World] = attrs.field(factory=list)
    stores: list[FlakyStore] = attrs.field(factory=list)
    writers: list[SessionWriter] = attrs.field(factory=list)
    boats: list[EntityId] = attrs.field(factory=list)
    rules: dict[bytes, Rule] = attrs.field(factory=dict)
    outcomes: dict[tuple[int, int], Outcome] = attrs.field(factory=dict)
    refusals: list[tuple[Rule, Rejected]] = attrs.field(factory=list)
    submitted: list[int] = attrs.field(factory=list)

    async def open(self, stack: AsyncExitStack, size: int) -> None:
        """Opens nodes, sessions and the first boats."""
        for place in range(size):
            store = FlakyStore(MemoryStore(self.server, push_after_reply=place == 1))
            limits = CommitLimits(log_length=LOG_LENGTH, id_block=7, batch_jobs=5)
            self.stores.append(store)
            self.worlds.append(
                await stack.enter_async_context(open_world(store, WORLD, SCHEMA, clock_ms, limits=limits))
            )
            self.writers.append(self.worlds[-1].writer(session_id(f"s{place}")))
            self.submitted.append(0)
            await self._do(place, _nothing, opens=True)
        for spot in SPOTS:
            await self._do(0, partial(_found, self.boats, Boat(10, spot, 0)))
        self.boats[BOATS:] = []

    async def _do(self, place: int, rule: Rule, *, opens: bool = False) -> None:
        self.submit(place, rule, opens=opens)
        seq = self.submitted[place]
        await until(lambda: (place, seq) in self.outcomes)
        assert isinstance(self.outcomes[place, seq], Committed)

    def submit(self, place: int, rule: Rule, *, opens: bool = False, strict: bool = False) -> None:
        """The next command of the node's session."""
        if not opens:
            self.submitted[place] += 1
        seq, writer = self.submitted[place], self.writers[place]
        cause = f"{place}:{seq}:{opens}".encode()
        self.rules[cause] = rule
        settle = partial(self._settle, place, seq, rule)
        step = open_row if opens else advance_to(seq)
        self.worlds[place].submit(Job(rule, settle, writer, step, seq, cause, strict, b"t" if opens else b"", opens))

    def _settle(self, place: int, seq: int, rule: Rule, outcome: Outcome) -> None:
        assert (place, seq) not in self.outcomes or seq == 0, "settled twice"
        self.outcomes[place, seq] = outcome
        if isinstance(outcome, Rejected):
            self.refusals.append((rule, outcome))
        if isinstance(outcome, Committed):
            assert self.worlds[place].replica.version >= outcome.version

    def plan(self, commit_faults: list[str], fates: list[str]) -> None:
        """Spreads faults over the nodes."""
        size = len(self.stores)
        for place, store in enumerate(self.stores):
            store.plan("commit", *map(self._fault, commit_faults[place::size]))
            store.channel = Fates(fates[place::size])

    def _fault(self, kind: str) -> Fault:
        forget: Callable[[], object] = self.server.model.worlds[WORLD].answers.clear
        if kind == "before":
            return Fault(error_before=AWAY)
        if kind == "after":
            return Fault(error_after=AWAY)
        if kind == "forgotten":
            return Fault(error_after=AWAY, act_after=forget)
        return Fault()

    def verify(self) -> None:
        """Fails unless every command took effect as often as it was told, in order, and the log explains it all."""
        stored = self.server.model.worlds[WORLD]
        for world in self.worlds:
            verify_same(world.replica, stored)
        log = [payload for _, payload in stored.log]
        records = [record for payload in log for record in decode_delta(payload).records]
        for place, count in enumerate(self.submitted):
            told = [seq for seq in range(1, count + 1) if isinstance(self.outcomes[place, seq], Committed)]
            assert [record.seq for record in records if record.session == f"s{place}" and record.seq] == told
            head = unpack_head(stored.sessions[f"s{place}"])
            assert head is not None
            assert [seq for seq in range(max(1, head.seq - 63), head.seq + 1) if head.took_effect(seq)] == told[-64:]
        Replay(lambda record: self.rules[record.cause], refusals=self.refusals).verify(log, stored)


def _nothing(tx: Transaction) -> None:
    """A rule that does nothing."""


def _found(boats: list[EntityId], value: Boat, tx: Transaction) -> None:
    """Creates one of the first boats."""
    boats.append(tx.create(value))


def _run(errand: Errand, boats: list[EntityId], tx: Transaction) -> Refusal:
    return errand(tx, boats)


async def verify_life(size: int, work: list[Work], commit_faults: list[str], fates: list[str]) -> None:
    """Runs a cluster through work and faults, lets it settle, and verifies."""
    cluster = Cluster()
    with trio.fail_after(10_000):
        async with AsyncExitStack() as stack:
            await cluster.open(stack, size)
            cluster.plan(commit_faults, fates)
            for place, errand, strict, pause_s in work:
                cluster.submit(place % size, partial(_run, errand, cluster.boats), strict=strict)
                if pause_s:
                    await trio.sleep(pause_s)
            await until(lambda: len(cluster.outcomes) >= sum(cluster.submitted) + size)
            await trio.sleep(10)
            cluster.verify()


WORK = st.lists(
    st.tuples(st.integers(0, 2), errands(), st.booleans(), st.sampled_from([0.0, 0.0, 0.001, 0.3])),
    max_size=30,
)  # fmt: skip


@settings(deadline=None)
@given(
    st.integers(1, 3), WORK, st.lists(COMMIT_FAULTS, max_size=15), st.lists(DELTA_FATES, max_size=40)
)  # fmt: skip
def test_clusters_under_faults_do_each_command_once_and_agree(
    size: int, work: list[Work], commit_faults: list[str], fates: list[str]
) -> None:
    """Lost answers, forgotten writers and bad channels: verify exactly once, order, convergence and serializability."""
    verify = partial(trio.run, verify_life, clock=MockClock(autojump_threshold=0))
    verify(size, work, commit_faults, fates)
