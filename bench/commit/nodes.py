"""Several node processes on one store, for benchmarks: each takes orders as lines of JSON and answers with tallies.

Run as ``python -m bench.commit.nodes URL SEED`` this is one of them.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import trio

from bench.commit.tasks import Order, Station, Tally
from bench.commit.things import SCHEMA, WORLD
from shared_state.redis.store import open_store
from shared_state.world import open_world

LOOKS_AROUND_S = 0.3
"""Between an order and the next, so that no node is still at the last one."""


@attrs.frozen(eq=False)
class NodeProcess:
    """One node, and the pipes to it."""

    process: trio.Process
    answers: Any

    async def start(self, order: Order) -> None:
        """Tells it what to do."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all(json.dumps(attrs.asdict(order)).encode() + b"\n")

    async def tally(self) -> Tally:
        """Waits for what came of it."""
        return Tally(**json.loads(await self.answers.readline()))


@asynccontextmanager
async def node_processes(url: str, count: int) -> AsyncGenerator[list[NodeProcess], None]:
    """So many nodes with the world open; they end with the context."""
    async with AsyncExitStack() as stack:
        nodes = []
        for seed in range(count):
            process = await trio.lowlevel.open_process(
                [sys.executable, "-m", "bench.commit.nodes", url, str(seed)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            stack.callback(process.kill)
            nodes.append(NodeProcess(process, _lines(process)))
        for node in nodes:
            assert await node.answers.readline() == b"ready\n"
        yield nodes


async def all_do(nodes: list[NodeProcess], order: Order) -> list[Tally]:
    """Has all of them do the same at the same time."""
    for node in nodes:
        await node.start(order)
    tallies = [await node.tally() for node in nodes]
    await trio.sleep(LOOKS_AROUND_S)
    return tallies


class _Lines:
    """Lines of a stream."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream, self._rest = stream, b""

    async def readline(self) -> bytes:
        """The next one, with its end."""
        while b"\n" not in self._rest:
            received = await self._stream.receive_some()
            if not received:
                raise EOFError("a node of the benchmark has ended")
            self._rest += received
        line, _, self._rest = self._rest.partition(b"\n")
        return line + b"\n"


def _lines(process: trio.Process) -> _Lines:
    assert process.stdout is not None
    return _Lines(process.stdout)


async def _serve(url: str, seed: int) -> None:
    rng = random.Random(seed)
    async with open_store(url) as store, open_world(store, WORLD, SCHEMA, lambda: 0) as world:
        station = Station(store, world, rng)
        say("ready")
        async for line in trio.wrap_file(sys.stdin):
            say(json.dumps(attrs.asdict(await station.carry_out(Order(**json.loads(line))))))


def say(line: str) -> None:
    """Answers, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    trio.run(_serve, sys.argv[1], int(sys.argv[2]))
