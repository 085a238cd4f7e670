"""The life of a whole cluster from a seed: nodes, players, faults, then calm; what came of it is judged elsewhere."""

from __future__ import annotations

import itertools

import attrs
import trio

from shared_state.memory_store import MemoryServer
from tests.simulation.air import Air
from tests.simulation.node import BEATS_LAST_S, GRACE_S, Node
from tests.simulation.player import Player
from tests.simulation.watched_store import Dump, WatchedStore
from tests.simulation.weather import LONGEST_SPIKE_S, FaultKind
from tests.unit.shared_state.small_world import FIRST_SECOND

DUMP_EVERY_S = 1.5
LONGEST_PAUSE_S = 6.0
SOONEST_CONNECTION_S = 0.05
SETTLED_WITHIN_S = 60.0
QUIESCENCE_S = LONGEST_SPIKE_S + GRACE_S + BEATS_LAST_S + 4.0


@attrs.define(eq=False)
class Cluster:
    """What lives, and what its players were told."""

    air: Air
    store: WatchedStore
    server: MemoryServer = attrs.field(init=False)
    nodes: list[Node] = attrs.field(init=False)
    players: list[Player] = attrs.field(init=False)
    beats: dict[str, list[float]] = attrs.field(factory=dict)
    settled: bool = False
    store_clock_ahead_s: float = 0.0
    rollbacks: int = 0
    _dumps: list[Dump] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.store.now_us = self._store_us
        self.server = MemoryServer(self.store)
        weather, ticks = self.air.weather, itertools.count(1)
        self.nodes = [Node(f"n{place}", self.air, self.server, self.beats) for place in range(weather.nodes)]
        self.players = [Player(f"p{place}", self.air, self._place, ticks) for place in range(weather.players)]

    async def live(self) -> None:
        """Storm, then calm until all players are served and everything had time to come to rest."""
        for node in self.nodes:
            self.air.nursery.start_soon(node.live)
        for player in self.players:
            self.air.nursery.start_soon(player.live)
        with trio.move_on_after(self.air.weather.seconds):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._dump)
                nursery.start_soon(self._harm)
        self._calm_down()
        with trio.move_on_after(SETTLED_WITHIN_S):
            while not all(player.is_settled for player in self.players):  # noqa: ASYNC110 - players have no event
                await trio.sleep(0.5)
            await trio.sleep(QUIESCENCE_S)
            self.settled = all(player.is_settled for player in self.players)

    def _place(self) -> Node:
        return self.air.rng.choice(self.nodes)

    def _store_us(self) -> int:
        return round((FIRST_SECOND + trio.current_time() + self.store_clock_ahead_s) * 1_000_000)

    def _calm_down(self) -> None:
        self.air.note("calm")
        self.air.calm = True
        self.air.store_is_full = False
        for node in self.nodes:
            node.wire.wake()
            node.wire.connect_again()

    async def _dump(self) -> None:
        while True:
            await trio.sleep(self.air.rng.uniform(0, DUMP_EVERY_S))
            self._dumps.append(self.store.dump())

    async def _harm(self) -> None:
        weather, rng = self.air.weather, self.air.rng
        while weather.faults:
            await trio.sleep(rng.expovariate(1 / weather.fault_every_s))
            kind, node = rng.choice(weather.faults), self._place()
            self.air.note(f"{kind} {node.owner}")
            self._befall(kind, node)
        await trio.sleep_forever()

    def _befall(self, kind: FaultKind, node: Node) -> None:
        rng, start = self.air.rng, self.air.nursery.start_soon
        match kind:
            case "crash":
                node.crash()
            case "stop":
                start(node.stop)
            case "full":
                start(self._fill)
            case "break":
                start(self._break, node, 0.0)
            case "partition":
                node.wire.cut = True
                start(self._break, node, rng.uniform(0.1, LONGEST_PAUSE_S))
            case "pause":
                start(self._pause, node, rng.uniform(0.1, LONGEST_PAUSE_S))
            case "hang_up" | "half_open":
                player = rng.choice(self.players)
                if player.line is not None:
                    player.line.break_off(0.0 if kind == "hang_up" else rng.uniform(0, 5))
            case "rollback":
                self._go_back()
            case "wall_clock":
                node.wall_clock_ahead_s = rng.uniform(-100, 100)
            case "store_clock":
                self.store_clock_ahead_s += rng.uniform(0, 5)

    async def _break(self, node: Node, after_s: float) -> None:
        wire = node.wire
        await trio.sleep(after_s)
        wire.break_off()
        await trio.sleep(self.air.rng.uniform(SOONEST_CONNECTION_S, 1))
        wire.connect_again()

    async def _fill(self) -> None:
        self.air.store_is_full = True
        await trio.sleep(self.air.rng.uniform(0.1, LONGEST_PAUSE_S))
        self.air.store_is_full = False

    async def _pause(self, node: Node, seconds: float) -> None:
        wire = node.wire
        wire.pause()
        await trio.sleep(seconds)
        wire.wake()

    def _go_back(self) -> None:
        """The store is restarted from a dump, and all links break."""
        if not self._dumps:
            return
        self.rollbacks += 1
        self.store.go_back(self.air.rng.choice(self._dumps[-2:]))
        self._dumps.clear()
        for node in self.nodes:
            self.air.nursery.start_soon(self._break, node, 0.0)
