"""What clients that do not read cost the others: answers' p99 and the node's memory (S13).

    python -m bench.net.slow [--bots N] [--seconds S] [--runs R]

Of the slow ones half read nothing (and are closed, and come back), half a kilobyte a second. Runs in which they read
like the others and runs in which they do not are interleaved, each on a cluster of its own; ratios are taken within a
pair. Target: at most 1.2 times the p99.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial

import attrs
import click
import trio

from bench.processes import memory_kb
from client_bot.connection import Address, Dial, dial_tcp
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.ports import get
from shared_state.names import WorldName

BAY = WorldName("bay")
TARGET = 1.2
RECEIVE_BUFFER_BYTES = 4096
FREE_BYTES = 8192
"""Read at full speed first: the handshake and the welcome."""

TRICKLE_BYTES_PER_S = 1024


@attrs.define(eq=False)
class Throttled(trio.abc.Stream):
    """A stream that is read slowly."""

    stream: trio.SocketStream
    bytes_per_s: float
    _free_bytes: int = FREE_BYTES

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._free_bytes <= 0:
            if not self.bytes_per_s:
                await trio.sleep_forever()
            await trio.sleep(RECEIVE_BUFFER_BYTES / 4 / self.bytes_per_s)
        data = await self.stream.receive_some(RECEIVE_BUFFER_BYTES // 4)
        self._free_bytes -= len(data)
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.stream.aclose()


async def dial_slowly(bytes_per_s: float, address: Address) -> trio.abc.Stream:
    """A connection that reads as slowly as that. Raises: OSError."""
    sock = trio.socket.socket()
    sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    await sock.connect((address.host, address.port))
    return Throttled(trio.SocketStream(sock), bytes_per_s)


QUICK: tuple[Dial, Dial] = (dial_tcp, dial_tcp)
SLOW: tuple[Dial, Dial] = (partial(dial_slowly, 0.0), partial(dial_slowly, TRICKLE_BYTES_PER_S))


@attrs.frozen
class Outcome:
    """One run: how long answers took, how late the bots were themselves, the node's memory early and at the end.

    ``held_back``, ``caught_up``: updates that the node did not queue, and how often it sent what was missed.
    """

    p50_ms: float
    p99_ms: float
    lag_p99_ms: float
    early_mb: float
    late_mb: float
    held_back: float
    caught_up: float


async def counters(port: int, *names: str) -> list[float]:
    """Counters of a node."""
    _, page = await get(port, "/metrics")
    lines = page.splitlines()
    return [sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name}_total")) for name in names]


async def play(bots: int, seconds: float, others: int, dials: Sequence[Dial]) -> Outcome:
    """Lets bots play on one node, and with each way to dial some others, which are not measured."""
    async with open_cluster(ClusterPlan(nodes=1, port=0)) as cluster, trio.open_nursery() as nursery:
        for dial in dials:
            nursery.start_soon(dawdle, cluster, others, dial)
        pid = cluster.nodes[0].process.pid
        readings: list[float] = []

        async def inspect(collect: Callable[[], SwarmResult]) -> SwarmResult:
            readings.append(memory_kb(pid) / 1024)
            readings.extend(await counters(cluster.nodes[0].port, "oarlock_held_back", "oarlock_caught_up"))
            return collect()

        async def look() -> None:
            await trio.sleep(seconds / 3)
            readings.append(memory_kb(pid) / 1024)

        nursery.start_soon(look)
        plan = SwarmPlan(url=url_of(cluster), bots=bots, seconds=seconds, rate_hz=2.0, brains={"explorer": 1.0})
        result = await run_swarm(plan, SilentProgress(), inspect=inspect)
        nursery.cancel_scope.cancel()
    answers, lag = result.measures.do_to_done, result.measures.lag
    spans_s = answers.quantile(0.5), answers.quantile(0.99), lag.quantile(0.99)
    p50_ms, p99_ms, lag_p99_ms = ((span_s or math.nan) * 1000 for span_s in spans_s)
    early_mb, late_mb, held_back, caught_up = readings
    return Outcome(p50_ms, p99_ms, lag_p99_ms, early_mb, late_mb, held_back, caught_up)


async def dawdle(cluster: Cluster, bots: int, dial: Dial) -> None:
    """Bots that come back when they are closed; until cancelled."""
    plan = SwarmPlan(url=url_of(cluster), bots=bots, seconds=1e6, rate_hz=0.5, resumes=True, brains={"explorer": 1.0})
    await run_swarm(plan, SilentProgress(), dial=dial)


def url_of(cluster: Cluster) -> str:
    """The node itself: a proxy in between would hold what a client does not read."""
    return f"ws://127.0.0.1:{cluster.nodes[0].port}/ws/{BAY}"


@click.command()
@click.option("--bots", default=180, show_default=True, help="How many bots read.")
@click.option("--slow", default=10, show_default=True, help="How many do not, and how many more hardly.")
@click.option("--seconds", default=30.0, show_default=True, help="How long they play.")
@click.option("--runs", default=3, show_default=True, help="How many pairs of runs.")
def main(bots: int, slow: int, seconds: float, runs: int) -> None:
    """Prints a table and a JSON line."""
    ratios = []
    print(f"{'':10}{'p50':>8}{'p99':>8}{'lag p99':>9} ms {'memory':>12} MB {'held back':>10}{'caught up':>10}")
    for _ in range(runs):
        pair = [trio.run(play, bots, seconds, slow, dials) for dials in (QUICK, SLOW)]
        for name, run in zip(("all read", "some don't"), pair, strict=True):
            memory = f"{run.early_mb:.1f} to {run.late_mb:.1f}"
            spans = f"{run.p50_ms:8.1f}{run.p99_ms:8.1f}{run.lag_p99_ms:9.1f}"
            print(f"{name:10}{spans}    {memory:>12}    {run.held_back:10.0f}{run.caught_up:10.0f}", flush=True)
        ratios.append(pair[1].p99_ms / pair[0].p99_ms)
    ratio = round(statistics.median(ratios), 3)
    print(json.dumps({"benchmark": "net.slow", "runs": runs, "bots": bots, "target": TARGET, "ratio": ratio}))


if __name__ == "__main__":
    main()
