"""Convergence: whatever happens to the deltas, the replica ends equal to the store, by way of true versions only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.follower import Follower
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.replica import Replica
from shared_state.transaction import Transaction
from tests.property.rule_book import SPOTS
from tests.unit.shared_state.flaky_store import Fault, FlakyStore, Rival
from tests.unit.shared_state.small_world import SCHEMA, WORLD, Boat, memory_server, put_boat, verify_same

FATES = st.sampled_from(["on time", "on time", "lost", "doubled", "held", "released", "shuffled", "garbled"])
CALL_FATES = st.sampled_from(["", "", "away", "refused", "unanswered"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "move", "sink", "wait", "reconnect", "trim"]), FATES), max_size=40
)


@attrs.define(eq=False)
class Watch:
    """A follower on a bad line, and the history that its replica must be a part of."""

    server: MemoryServer = attrs.field(factory=memory_server)
    replica: Replica = attrs.field(factory=lambda: Replica(SCHEMA))
    history: dict[int, dict[str, bytes]] = attrs.field(factory=dict)
    store: FlakyStore = attrs.field(init=False)
    rival: Rival = attrs.field(init=False)
    held: list[bytes] = attrs.field(factory=list)
    fate: str = "on time"

    def __attrs_post_init__(self) -> None:
        self.store = FlakyStore(MemoryStore(self.server), self.channel)
        self.rival = Rival(self.server)
        self.note()

    def note(self) -> None:
        """Remembers what the store holds at this version."""
        world = self.server.model.worlds[WORLD]
        self.history[world.version] = dict(world.state)

    def channel(self, payload: bytes) -> Iterable[bytes]:
        """Does to a delta what its fate says."""
        if self.history.get(self.rival.bench.stored.version) is None:
            self.note()
        if self.fate in ("lost", "held"):
            self.held += [payload] if self.fate == "held" else []
            return ()
        if self.fate in ("released", "shuffled"):
            held, self.held = self.held, []
            return [*held[::-1], payload] if self.fate == "shuffled" else [payload, *held]
        return {"on time": [payload], "doubled": [payload, payload], "garbled": [payload[:-3]]}[self.fate]

    def check_version(self, *_: object) -> None:
        """Fails unless the replica is exactly what the store once held."""
        held = {str(id_): entity.tag + SCHEMA.encode(entity.value) for id_, entity in self.replica.entities.items()}
        assert held == self.history[self.replica.version]

    async def act(self, action: str) -> None:
        """Something happens at the store, or time passes."""
        boats = sorted(self.rival.bench.replica.entities)
        if action == "wait":
            await trio.sleep(0.7)
        elif action == "reconnect":
            self.store.subscribed_again()
            await trio.lowlevel.checkpoint()
        elif action == "trim":
            del self.server.model.worlds[WORLD].log[:-1]
        elif action == "create" or not boats:
            self.rival.run(put_boat(x=SPOTS[len(boats) % len(SPOTS)]))
        elif action == "sink":
            self.rival.run(lambda tx: tx.delete(boats[0]))
        else:
            self.rival.run(self.move)

    def move(self, tx: Transaction) -> None:
        """The last boat goes elsewhere."""
        boat = max(self.rival.bench.replica.entities)
        value = tx.get(boat, Boat)
        assert value is not None
        tx.patch(boat, x=value.x + 7)


def call_fault(fate: str) -> Fault:
    """What happens to a question to the store."""
    errors = {
        "away": StoreUnavailable("away"),
        "refused": StoreError("refused"),
        "unanswered": StoreUnavailable("lost"),
    }
    error = errors.get(fate)
    return Fault(error_after=error) if fate == "unanswered" else Fault(error_before=error)


async def watch(steps: list[tuple[str, str]], call_fates: list[str]) -> None:
    """Follows through all steps; then the line is good, nothing more happens, and a little time passes."""
    it = Watch()
    follower = Follower(it.store, WORLD, it.replica, it.check_version, it.check_version)
    with trio.fail_after(10_000):
        async with trio.open_nursery() as nursery:
            await nursery.start(follower.run)
            for method in ("head", "log_after", "snapshot"):
                it.store.plan(method, *map(call_fault, call_fates))
            for action, it.fate in steps:
                await it.act(action)
            await trio.sleep(20)
            verify_same(it.replica, it.server.model.worlds[WORLD])
            nursery.cancel_scope.cancel()


@settings(deadline=None)
@given(STEPS, st.lists(CALL_FATES, max_size=8))
def test_any_delivery_converges(steps: list[tuple[str, str]], call_fates: list[str]) -> None:
    """Dropped, doubled, reordered, delayed and garbled deltas, trimmed logs, a store that is away: verify it heals."""
    verify = partial(trio.run, watch, clock=MockClock(autojump_threshold=0))
    verify(steps, call_fates)
