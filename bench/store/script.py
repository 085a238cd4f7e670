"""Processor time of the store for one committed transaction, by batch size: ``python -m bench.store.script``.

The store counts its own time (INFO cpu), so neither this process nor the wait between calls is in the figures. Each
batch is logged, and published to one subscriber on the committing connection, as a node does. All of it commits; sent
by a writer that is certain of what it rests on, as in a world of one node, whole with what is to be compared, and step
by step, as those are that may meet a conflict.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from bench.store.workload import Workload
from shared_state.embedded import embedded_store, find_binary
from shared_state.names import world_name
from shared_state.redis.store import RedisStore, open_store

CERTAIN, WHOLE, STEPWISE = WAYS = ("certain", "whole", "stepwise")
SIZES = (1, 4, 16, 64, 256)
TRANSACTIONS = 12_000
ROUNDS = 3
MOST_BATCHES = 3000


@attrs.frozen
class Figure:
    """Store processor time at one batch size and way of sending, the best of the rounds."""

    kind: str
    version: str
    way: str
    size: int
    us_per_transaction: float
    us_per_batch: float


class Deaf:
    """A subscriber that ignores what it is told."""

    def on_delta(self, payload: bytes) -> None:
        """Nothing."""

    def on_subscribed(self) -> None:
        """Nothing."""


@attrs.frozen
class Run:
    """One kind of server: an empty script call for scale, and the figures."""

    empty_call_us: float
    figures: list[Figure]


@asynccontextmanager
async def busy_world(binary: Path, seed: int) -> AsyncGenerator[tuple[RedisStore, Workload], None]:
    """A server of that kind with a world that somebody hears."""
    world = world_name("bench")
    async with (
        embedded_store(binary=binary) as server,
        open_store(server.url) as store,
        store.subscribe(world, Deaf()),
    ):
        yield store, await Workload.start(store, world, seed)


async def measure(binary: Path, seed: int) -> Run:
    """All sizes on one kind of server."""
    async with busy_world(binary, seed) as (store, work):
        info = await store.info()
        best = dict.fromkeys(itertools.product(WAYS, SIZES), math.inf)
        empty = math.inf
        for _ in range(ROUNDS):
            empty = min(empty, await _empty_calls(store))
            for way, size in best:
                best[way, size] = min(best[way, size], await batch_cost_s(store, work, size, way))
        figures = [
            Figure(info.kind, info.version, way, size, s / size * 1e6, s * 1e6) for (way, size), s in best.items()
        ]
        return Run(empty * 1e6, figures)


async def _empty_calls(store: RedisStore) -> float:
    """Seconds of store time for a script that does nothing: what the machine gives today."""
    link = store.topology.link_for(world_name("bench"))
    before = await store.info()
    for _ in range(MOST_BATCHES):
        await link.call("EVAL", "return 1", 0)
    after = await store.info()
    return (after.cpu_s - before.cpu_s) / MOST_BATCHES


async def batch_cost_s(store: RedisStore, work: Workload, size: int, way: str = CERTAIN) -> float:
    """Seconds of store time per batch."""
    batches = min(MOST_BATCHES, max(1, TRANSACTIONS // size))
    before = await store.info()
    for _ in range(batches):
        if way == STEPWISE:
            store.contended.add(work.world)
        await work.commit(size, certain=way == CERTAIN)
    after = await store.info()
    return (after.cpu_s - before.cpu_s) / batches


def main() -> None:
    """Prints a table and one line of JSON."""
    binaries = [find_binary()]
    redis = shutil.which("redis-server")
    if redis is not None and Path(redis) not in binaries:
        binaries.append(Path(redis))
    runs = [trio.run(measure, binary, 1) for binary in binaries]
    print(f"{'store':<16}{'sent':<9}{'batch':>6}{'us/transaction':>16}{'us/batch':>10}{'empty calls':>13}")
    for run in runs:
        for figure in run.figures:
            name = f"{figure.kind} {figure.version}"
            scale = figure.us_per_batch / run.empty_call_us
            print(
                f"{name:<16}{figure.way:<9}{figure.size:>6}{figure.us_per_transaction:>16.2f}{figure.us_per_batch:>10.0f}{scale:>13.1f}"
            )
    print(json.dumps({"benchmark": "store.script", "runs": [attrs.asdict(run) for run in runs]}))


if __name__ == "__main__":
    main()
