"""What a node of these benchmarks does when it is told to: four ways to keep changing things.

Every way but a paced one is a closed loop: as many clients as are asked for, each with one transaction under way.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import trio

from bench.commit.players import Player
from bench.commit.things import WORLD, add, move
from shared_state.entity import EntityId
from shared_state.names import LeaseName, session_id
from shared_state.outcome import Busy, Committed, Outcome
from shared_state.store import LeaseGrant, Store
from shared_state.world import World

LEASE_S = 5.0
LOOK_AGAIN_S = 0.04
"""How long, at most, whoever finds a lease taken waits before asking again."""


@attrs.frozen
class Order:
    """What a node is to do.

    Args:
        way: ``optimistic``, ``add``, ``lease``, ``players``; or ``enter``: has so many players come in, and no more.
        clients: transactions under way at a time, or players.
        things: how many of the things are fought over.
        rate_hz: how many commands of players are due in a second; 0: as many as the world takes.
    """

    way: str
    clients: int
    seconds: float
    things: int = 0
    rate_hz: float = 0.0


@attrs.define
class Tally:
    """What came of it. ``cpu_s``: processor time of the node."""

    committed: int = 0
    busy: int = 0
    reruns: int = 0
    cpu_s: float = 0.0
    latencies_s: list[float] = attrs.field(factory=list)

    def note(self, outcome: Outcome, began_s: float) -> None:
        """Counts an outcome."""
        self.committed += isinstance(outcome, Committed)
        self.busy += isinstance(outcome, Busy)
        self.latencies_s.append(time.perf_counter() - began_s)


@attrs.define(eq=False)
class Station:
    """One node: its world, and the players that came in through it."""

    store: Store
    world: World
    rng: random.Random
    players: list[Player] = attrs.field(factory=list)
    _until_s: float = 0.0

    async def carry_out(self, order: Order) -> Tally:
        """Does what it is told, for as long as it is told."""
        if order.way == "enter":
            await self._let_in(order.clients)
            return Tally()
        tally, reruns, cpu_s = Tally(), self.world.committer.counts.conflicts, time.process_time()
        self._until_s = time.perf_counter() + order.seconds
        async with trio.open_nursery() as nursery:
            for client in self._clients(order, tally):
                nursery.start_soon(client)
        tally.reruns += self.world.committer.counts.conflicts - reruns
        tally.cpu_s = time.process_time() - cpu_s
        return tally

    @property
    def _goes_on(self) -> bool:
        """Whether the order's time is not over. Nothing is cancelled: a lease would be left behind."""
        return time.perf_counter() < self._until_s

    def _clients(self, order: Order, tally: Tally) -> list[Callable[[], Awaitable[None]]]:
        if order.way == "players":
            return [partial(self._play, player, order, tally) for player in self.players[: order.clients]]
        client = {"optimistic": self._optimist, "add": self._adder, "lease": self._leaseholder}[order.way]
        return [partial(client, order, tally)] * order.clients

    async def _let_in(self, count: int) -> None:
        self.players = [
            Player(self.world, self.world.writer(session_id(f"{self.rng.getrandbits(96):x}"))) for _ in range(count)
        ]
        async with trio.open_nursery() as nursery:
            for player in self.players:
                nursery.start_soon(player.enter)

    async def _play(self, player: Player, order: Order, tally: Tally) -> None:
        interval_s = order.clients / order.rate_hz if order.rate_hz else 0.0
        due_s = time.perf_counter() + self.rng.uniform(0, interval_s)
        while due_s < self._until_s:
            await trio.sleep(max(0.0, due_s - time.perf_counter()))
            tally.note(await player.move(), due_s)
            due_s = due_s + interval_s if interval_s else time.perf_counter()

    async def _optimist(self, order: Order, tally: Tally) -> None:
        while self._goes_on:
            began_s = time.perf_counter()
            tally.note(await self.world.transact(partial(move, self._pick(order))), began_s)

    async def _adder(self, order: Order, tally: Tally) -> None:
        while self._goes_on:
            began_s = time.perf_counter()
            tally.note(await self.world.transact(partial(add, self._pick(order))), began_s)

    async def _leaseholder(self, order: Order, tally: Tally) -> None:
        """Takes a thing's lease, moves the thing under it, gives the lease back."""
        owner = f"{self.rng.getrandbits(64):x}"
        while self._goes_on:
            began_s, thing = time.perf_counter(), self._pick(order)
            grant = await self._wait_for(LeaseName(f"t{thing}"), owner, tally)
            if grant is not None:
                outcome = await self.world.transact(partial(move, thing, grant=grant))
                await self.store.release_lease(WORLD, grant)
                tally.note(outcome, began_s)

    async def _wait_for(self, name: LeaseName, owner: str, tally: Tally) -> LeaseGrant | None:
        while (grant := await self.store.take_lease(WORLD, name, owner, LEASE_S)) is None and self._goes_on:
            tally.reruns += 1
            await trio.sleep(self.rng.uniform(0, LOOK_AGAIN_S))
        return grant

    def _pick(self, order: Order) -> EntityId:
        return EntityId(1 + self.rng.randrange(order.things))
