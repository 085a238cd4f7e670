"""The world's leader: of two nodes one runs the timed rules, and one that lost its lease cannot write any more."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock

from server.config import WorldConfig
from server.game import Game, Kind, Transaction
from server.host import WorldHost, open_host
from shared_state.batch import Batch, CommitReply
from shared_state.errors import StoreUnavailable
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import LeaseName, WorldName
from shared_state.store import LeaseGrant
from tests.unit.server import harbour
from tests.unit.server.quay import memory_server

WORLD = WorldName("bay")


class Beat(Kind, frozen=True):
    """Left by a timed rule: on which node it ran."""

    node: str


@attrs.define(eq=False)
class CutStore(MemoryStore):
    """A store client whose leases or commits can be cut off."""

    lease_is_away: bool = False
    gate: trio.Event | None = None
    waiting: int = 0

    async def renew_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Fails while leases are away."""
        if self.lease_is_away:
            raise StoreUnavailable("cut off")
        return await super().renew_lease(world, grant)

    async def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_s: float) -> LeaseGrant | None:
        """Fails while leases are away."""
        if self.lease_is_away:
            raise StoreUnavailable("cut off")
        return await super().take_lease(world, name, owner, ttl_s)

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """Waits at the gate, if there is one."""
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        return await super().commit(world, batch)


def game_of(node: str) -> Game:
    """A game whose timed rules say where they ran; one of them fails now and then."""
    game = Game("beats")
    game.kind(Beat)
    game.on_enter(harbour.enter)
    game.on_leave(harbour.leave)

    @game.every(0.5)
    def beat(tx: Transaction) -> None:
        """Leaves a beat."""
        tx.create(Beat(node))

    @game.every(0.7)
    def stumble(tx: Transaction) -> None:
        """Fails after a write."""
        tx.create(Beat("nowhere"))
        raise RuntimeError("stumbled")

    return game


def beats(host: WorldHost) -> list[str]:
    """Where the beats of the world ran, in order."""
    entities = host.world.replica.entities
    return [entities[id_].value.node for id_ in sorted(entities)]  # type: ignore[attr-defined]


def of(server: MemoryServer) -> tuple[CutStore, CutStore]:
    """Two nodes' clients of one store."""
    return CutStore(server), CutStore(server, push_after_reply=True)


async def test_one_node_leads_and_the_other_takes_over(autojump_clock: MockClock) -> None:
    """Beats come from one node, and within the lease's life from the other once the first has closed."""
    with trio.fail_after(120):
        first, second = of(memory_server())
        async with open_host(second, WORLD, game_of("b"), "b", "b-1", WorldConfig()) as b:
            await trio.sleep(3)
            async with open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a:
                await trio.sleep(10)
                assert set(beats(a)) == {"b"}
                assert 22 <= len(beats(a)) <= 26
        async with open_host(first, WORLD, game_of("a"), "a", "a-2", WorldConfig()) as a:
            before = len(beats(a))
            await trio.sleep(5)
            after = beats(a)[before:]
            assert set(after) == {"a"}
            assert len(after) >= 7
            assert beats(b)[-1] == "b"


async def test_two_nodes_never_lead_together(autojump_clock: MockClock) -> None:
    """A leader that cannot renew stops before the other starts, and comes back as a follower."""
    with trio.fail_after(120):
        first, second = of(memory_server())
        async with (
            open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a,
            open_host(second, WORLD, game_of("b"), "b", "b-1", WorldConfig()) as b,
        ):
            await trio.sleep(5)
            leader, cut = ("a", first) if beats(a)[-1] == "a" else ("b", second)
            cut.lease_is_away = True
            await trio.sleep(10)
            cut.lease_is_away = False
            await trio.sleep(5)
            ran = beats(a)
            turns = [node for place, node in enumerate(ran) if place == 0 or ran[place - 1] != node]
            assert turns == [leader, "b" if leader == "a" else "a"]
            assert ran == beats(b)
            assert len(ran) > 25


async def test_a_leader_that_lost_its_lease_writes_nothing(autojump_clock: MockClock) -> None:
    """Its commit was on its way when the lease ran out and another node took over: the store refuses it."""
    with trio.fail_after(120):
        server = memory_server()
        first, second = of(server)
        async with open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a:
            await trio.sleep(2)
            count = len(beats(a))
            first.gate = trio.Event()
            first.lease_is_away = True
            await trio.sleep(1)
            assert first.waiting == 1
            async with open_host(second, WORLD, game_of("b"), "b", "b-1", WorldConfig()) as b:
                await trio.sleep(6)
                first.gate.set()
                first.gate, first.lease_is_away = None, False
                await trio.sleep(2)
                late = beats(b)[count:]
                assert set(late) == {"b"}
                assert a.world.committer.counts.rejected >= 1
                assert beats(a) == beats(b)


async def test_a_timed_rule_that_fails_leaves_nothing_and_stops_nothing(autojump_clock: MockClock) -> None:
    """What it wrote before it failed is not committed; it and the others go on."""
    with trio.fail_after(60):
        first, _ = of(memory_server())
        async with open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a:
            await trio.sleep(10)
            assert set(beats(a)) == {"a"}
            assert a.world.committer.counts.rejected >= 12


async def test_a_rule_that_fell_behind_runs_once(autojump_clock: MockClock) -> None:
    """The store hangs for five seconds: the beats are not caught up with (S31)."""
    with trio.fail_after(60):
        first, _ = of(memory_server())
        async with open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a:
            await trio.sleep(3)
            first.gate = trio.Event()
            await trio.sleep(5)
            count = len(beats(a))
            first.gate.set()
            first.gate = None
            await trio.sleep(1.1)
            assert 1 <= len(beats(a)) - count <= 4


@pytest.mark.parametrize("stalled_s", [1.0, 20.0])
async def test_a_node_that_stood_still_replays_nothing(autojump_clock: MockClock, stalled_s: float) -> None:
    """Stopped for less and for more than its lease lasts: no beat comes before the lease is sure again, none is caught
    up with, and the next ones keep their time (S31)."""
    with trio.fail_after(120):
        first, _ = of(memory_server())
        async with open_host(first, WORLD, game_of("a"), "a", "a-1", WorldConfig()) as a:
            await trio.sleep(3.1)
            count = len(beats(a))
            first.lease_is_away = stalled_s > 3
            autojump_clock.jump(stalled_s)
            await trio.sleep(0.3)
            assert len(beats(a)) - count <= (0 if first.lease_is_away else 1)
            first.lease_is_away = False
            await trio.sleep(1.5)
            count = len(beats(a))
            await trio.sleep(5.0)
            assert 9 <= len(beats(a)) - count <= 11
