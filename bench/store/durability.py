"""What a level of durability costs: time per acknowledged batch of 16, one world alone and many at once.

    python -m bench.store.durability

On one machine, so replicas are as near as can be and share the processors; a network and a real disk add their times.
"""

from __future__ import annotations

import json
import time

import attrs
import trio
from redis import Redis

from bench.store.workload import Workload
from shared_state.embedded import embedded_store
from shared_state.names import world_name
from shared_state.redis.durability import Durability
from shared_state.redis.store import open_store

LEVELS = ("memory", "replica", "disk", "disk:1")
WORLDS = (1, 16)
BATCHES = 320
BATCH = 16
AT_ONCE = ("--repl-diskless-sync-delay", "0")
ROUNDS = 3
SYNC_MS = 4_000
ON_DISK = ("--appendonly", "yes", "--appendfsync", "always")


@attrs.frozen
class Figure:
    """Milliseconds of time per batch, all worlds together, at a level; and how that compares with memory."""

    level: str
    worlds: int
    ms_per_batch: float
    times_memory: float


async def measure() -> list[Figure]:
    """All levels, interleaved; the best round of each."""
    best: dict[tuple[int, str], float] = {}
    async with embedded_store(tcp=True, options=(*AT_ONCE, *ON_DISK)) as primary:
        port = primary.tcp_url.rpartition(":")[2]
        async with embedded_store(options=(*ON_DISK, "--replicaof", "127.0.0.1", port)):
            await trio.to_thread.run_sync(_await_replica, primary.url)
            for number in range(ROUNDS):
                for worlds in WORLDS:
                    for level in LEVELS:
                        took_s = await _round(primary.url, level, worlds, number)
                        best[worlds, level] = min(took_s, best.get((worlds, level), took_s))
    return [
        Figure(level, worlds, 1000 * took_s / BATCHES, took_s / best[worlds, "memory"])
        for (worlds, level), took_s in best.items()
    ]


def _await_replica(url: str) -> None:
    with Redis.from_url(url) as admin:
        admin.set("warm", "1")
        if admin.wait(1, SYNC_MS) != 1:
            raise AssertionError("the replica did not catch up")


async def _round(url: str, level: str, worlds: int, number: int) -> float:
    async with open_store(url, durability=Durability.parse(level)) as store:
        names = [world_name(f"w{number}-{worlds}-{level.replace(':', '-')}-{i}") for i in range(worlds)]
        works = [await Workload.start(store, name, seed=number) for name in names]
        started_s = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for work in works:
                nursery.start_soon(_commit, work, BATCHES // worlds)
        return time.perf_counter() - started_s


async def _commit(work: Workload, times: int) -> None:
    for _ in range(times):
        await work.commit(BATCH)


def main() -> None:
    """Prints a table and one line of JSON."""
    figures = trio.run(measure)
    print(f"{'level':<10}{'worlds':>7}{'ms/batch':>10}{'x memory':>10}")
    for figure in figures:
        print(f"{figure.level:<10}{figure.worlds:>7}{figure.ms_per_batch:>10.2f}{figure.times_memory:>10.1f}")
    print(json.dumps({"benchmark": "store.durability", "figures": [attrs.asdict(figure) for figure in figures]}))


if __name__ == "__main__":
    main()
