"""How long a snapshot of a large world holds up the store: ``python -m bench.store.snapshot``.

The store's slow log tells the time of each command; nothing else runs on it. Pages take longer in all: what counts is
the longest step, for which every other world waits. What the store then spends on writing replies to the socket is
not in the figures.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import attrs
import trio

from bench.store.workload import PLAYERS, Workload
from shared_state.embedded import embedded_store, find_binary
from shared_state.names import world_name
from shared_state.redis.keys import world_keys
from shared_state.redis.snapshots import Paging
from shared_state.redis.store import RedisStore, open_store
from shared_state.redis.topology import Route

WORLD = world_name("bench")
ENTITIES = 100_000
BLOB_BYTES = 40
MEMBERS = 10
"""Entities of one cell."""
FILL_FIELDS = 1000
LOGGED = 100
"""Deltas in the log, as many as are read in one step, of ``TRANSACTIONS`` each."""
TRANSACTIONS = 64
ROUNDS = 5
TARGET_MS = 5
STEPS = (b"EVALSHA", b"EVAL", b"XRANGE")
"""What a reader sends; the slow log also has the commands that scripts call."""


@attrs.frozen
class Figure:
    """One way to read: steps at the store, the longest of all rounds, what all steps took the reader (median)."""

    kind: str
    version: str
    way: str
    steps: int
    longest_ms: float
    total_ms: float


@attrs.frozen
class Round:
    """What one reading took."""

    longest_ms: float
    steps: int
    total_ms: float


async def measure(binary: Path) -> list[Figure]:
    """All ways on one kind of server."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(embedded_store(binary=binary))
        store = await stack.enter_async_context(open_store(server.url))
        link = store.topology.link_for(WORLD)
        await _fill(store, link)
        info = await store.info()
        figures = []
        for way, read in _ways(store).items():
            rounds = [await _round(link, read) for _ in range(ROUNDS)]
            longest_ms = max(one.longest_ms for one in rounds)
            total_ms = statistics.median(one.total_ms for one in rounds)
            figures.append(Figure(info.kind, info.version, way, rounds[-1].steps, longest_ms, total_ms))
        return figures


def _ways(store: RedisStore) -> dict[str, Callable[[], Awaitable[object]]]:
    usual = Paging()
    last = attrs.evolve(usual, page_fields=usual.page_fields << (usual.attempts - 1))
    ways = {"one script": attrs.evolve(usual, whole_fields=2 * ENTITIES), "pages": usual, "largest pages": last}
    reads: dict[str, Callable[[], Awaitable[object]]] = {
        way: partial(attrs.evolve(store, paging=paging).snapshot, WORLD) for way, paging in ways.items()
    }
    return reads | {"page of the log": partial(store.log_after, WORLD, PLAYERS // 100, usual.log_deltas)}


async def _fill(store: RedisStore, link: Route) -> None:
    """A busy world's log, and entities and cells behind it that stand still."""
    work = await Workload.start(store, WORLD, 1)
    for _ in range(LOGGED):
        await work.commit(TRANSACTIONS)
    await _put(link, world_keys(WORLD).state, range(PLAYERS + 1, ENTITIES + 1), bytes(8 + BLOB_BYTES))
    await _put(link, world_keys(WORLD).cells, range(1, ENTITIES // MEMBERS + 1), bytes(8))


async def _put(link: Route, key: str, names: range, value: bytes) -> None:
    for first in range(0, len(names), FILL_FIELDS):
        await link.call("HSET", key, *(part for name in names[first : first + FILL_FIELDS] for part in (name, value)))


async def _round(link: Route, read: Callable[[], Awaitable[object]]) -> Round:
    await link.call("CONFIG", "SET", "slowlog-max-len", 100_000, "slowlog-log-slower-than", 0)
    await link.call("SLOWLOG", "RESET")
    started_s = time.perf_counter()
    await read()
    total_s = time.perf_counter() - started_s
    await link.call("CONFIG", "SET", "slowlog-log-slower-than", -1)
    entries = await link.call("SLOWLOG", "GET", -1)
    took_us = [entry[2] for entry in entries if entry[3][0] in STEPS]
    return Round(max(took_us) / 1000, len(took_us), total_s * 1000)


def main() -> None:
    """Prints a table and one line of JSON."""
    binaries = [find_binary()]
    redis = shutil.which("redis-server")
    if redis is not None and Path(redis) not in binaries:
        binaries.append(Path(redis))
    figures = [figure for binary in binaries for figure in trio.run(measure, binary)]
    print(f"{'store':<16}{'way':<18}{'steps':>6}{'longest ms':>12}{'total ms':>10}   target {TARGET_MS}")
    for figure in figures:
        name = f"{figure.kind} {figure.version}"
        print(f"{name:<16}{figure.way:<18}{figure.steps:>6}{figure.longest_ms:>12.2f}{figure.total_ms:>10.0f}")
    print(json.dumps({"benchmark": "store.snapshot", "figures": [attrs.asdict(figure) for figure in figures]}))


if __name__ == "__main__":
    main()
