"""Processor time of this process for one call over the link: ``python -m bench.store.link``.

Calls one after the other show the whole price of a call; calls of many tasks at once share wake-ups and system calls.
The store's own time is not in the figures.
"""

from __future__ import annotations

import json
import time

import attrs
import trio

from shared_state.embedded import embedded_store
from shared_state.names import world_name
from shared_state.redis.store import open_store
from shared_state.redis.topology import Route

CALLS = 20_000
TASKS = (1, 8, 64)
ROUNDS = 3
TARGET_US = 50


@attrs.frozen
class Figure:
    """Processor time per call with so many tasks calling, the best of the rounds."""

    transport: str
    tasks: int
    us_per_call: float


async def measure() -> list[Figure]:
    """Both transports, all numbers of tasks."""
    figures = []
    async with embedded_store(tcp=True) as server:
        for transport, url in (("unix", server.url), ("tcp", server.tcp_url)):
            async with open_store(url) as store:
                link = store.topology.link_for(world_name("bench"))
                await link.call("SET", "key", "value")
                for tasks in TASKS:
                    best = min([await _round(link, tasks) for _ in range(ROUNDS)])
                    figures.append(Figure(transport, tasks, best * 1e6))
    return figures


async def _round(link: Route, tasks: int) -> float:
    """Seconds of processor time per call."""
    started_s = time.process_time()
    async with trio.open_nursery() as nursery:
        for _ in range(tasks):
            nursery.start_soon(_call, link, CALLS // tasks)
    return (time.process_time() - started_s) / CALLS


async def _call(link: Route, times: int) -> None:
    for _ in range(times):
        await link.call("GET", "key")


def main() -> None:
    """Prints a table and one line of JSON."""
    figures = trio.run(measure)
    print(f"{'transport':<10}{'tasks':>6}{'us/call':>9}   target {TARGET_US}")
    for figure in figures:
        print(f"{figure.transport:<10}{figure.tasks:>6}{figure.us_per_call:>9.1f}")
    print(json.dumps({"benchmark": "store.link", "figures": [attrs.asdict(figure) for figure in figures]}))


if __name__ == "__main__":
    main()
