"""A store and node processes on it, and the figures of what they did together."""

from __future__ import annotations

import statistics
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs

from bench.commit.nodes import NodeProcess, all_do, node_processes
from bench.commit.tasks import Order, Tally
from bench.commit.things import SCHEMA, WORLD, furnish
from shared_state.embedded import embedded_store
from shared_state.redis.store import RedisStore, open_store
from shared_state.world import open_world


@attrs.frozen
class Figures:
    """What came of an order: latencies in milliseconds, processor time of store and nodes for each that committed."""

    per_s: int
    p50_ms: float
    p99_ms: float
    reruns_each_100: float
    busy_each_100: float
    store_us: float
    node_us: float


@attrs.frozen(eq=False)
class Yard:
    """Where orders are carried out."""

    store: RedisStore
    nodes: list[NodeProcess]

    @classmethod
    @asynccontextmanager
    async def opened(cls, nodes: int) -> AsyncGenerator[Yard, None]:
        """A furnished world and its nodes, while the context is open."""
        async with embedded_store() as server, open_store(server.url) as store:
            async with open_world(store, WORLD, SCHEMA, lambda: 0) as world:
                await furnish(world)
            async with node_processes(server.url, nodes) as processes:
                yield cls(store, processes)

    async def let_in(self, players: int) -> None:
        """Has so many players come in at each node."""
        await all_do(self.nodes, Order("enter", players, 0))

    async def run(self, nodes: int, order: Order) -> Figures:
        """Has some of the nodes do the same at the same time."""
        before_s = (await self.store.info()).cpu_s
        tallies = await all_do(self.nodes[:nodes], order)
        return _figures(tallies, order.seconds, (await self.store.info()).cpu_s - before_s)


def _figures(tallies: list[Tally], seconds: float, store_s: float) -> Figures:
    committed = max(1, sum(tally.committed for tally in tallies))
    latencies_s = [latency for tally in tallies for latency in tally.latencies_s]
    cuts = statistics.quantiles(latencies_s, n=100) if len(latencies_s) > 1 else [0.0] * 99
    return Figures(
        per_s=round(committed / seconds),
        p50_ms=round(cuts[49] * 1e3, 1),
        p99_ms=round(cuts[98] * 1e3, 1),
        reruns_each_100=round(sum(tally.reruns for tally in tallies) * 100 / committed, 1),
        busy_each_100=round(sum(tally.busy for tally in tallies) * 100 / committed, 1),
        store_us=round(store_s / committed * 1e6, 1),
        node_us=round(sum(tally.cpu_s for tally in tallies) / committed * 1e6, 1),
    )
