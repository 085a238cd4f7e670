"""What players notice when nodes go away: a rolling restart, a crash, a hang, and an outage of all nodes.

    python -m bench.nodes.loss [rolling] [crash] [hang] [outage] [--bots N] [--processes N]

Bots play on a whole cluster behind HAProxy and resume; the store judges them at the end (bots in several processes
judge for themselves). Bots and nodes share the machine's processors: with many bots on few of them, figures are upper
bounds. ``lag`` says by how much the bots themselves were late.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import attrs
import cattrs
import click
import trio

from client_bot.fleet import run_fleet
from client_bot.moment import Moment
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.report import Report, report_of
from client_bot.swarm import run_swarm
from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.inspection import Inspection
from shared_state.names import WorldName

Fault: TypeAlias = Callable[[Cluster], Awaitable[None]]
BAY = WorldName("bay")
SETTLED_S = 4.0
"""From when all bots are in to the fault, and from its end to that of the run."""


async def rolling(cluster: Cluster) -> None:
    """SIGTERM to each node in turn, and a new one in its place before the next."""
    for place, node in enumerate(cluster.nodes):
        node.process.signal(signal.SIGTERM)
        await cluster.replace(place)
        # Proxies give it players again after two checks.
        await trio.sleep(2.0)


async def crash(cluster: Cluster) -> None:
    """kill -9 of one node."""
    cluster.nodes[0].process.signal(signal.SIGKILL)
    await cluster.nodes[0].process.wait()
    await trio.sleep(5.0)


async def hang(cluster: Cluster) -> None:
    """SIGSTOP of one node, and SIGCONT when its players play elsewhere."""
    cluster.nodes[0].process.signal(signal.SIGSTOP)
    await trio.sleep(10.0)
    cluster.nodes[0].process.signal(signal.SIGCONT)
    await trio.sleep(3.0)


async def outage(cluster: Cluster) -> None:
    """All nodes are killed, and started again some seconds later."""
    for node in cluster.nodes:
        node.process.signal(signal.SIGKILL)
    await trio.sleep(6.0)
    async with trio.open_nursery() as nursery:
        for place in range(len(cluster.nodes)):
            nursery.start_soon(cluster.replace, place)
    await trio.sleep(12.0)


@attrs.frozen
class Case:
    """A fault, and how many nodes there are for it."""

    fault: Fault
    nodes: int


CASES = {"rolling": Case(rolling, 4), "crash": Case(crash, 3), "hang": Case(hang, 3), "outage": Case(outage, 2)}


@attrs.frozen
class Crowd:
    """Who plays."""

    bots: int
    rate_hz: float
    processes: int


@attrs.define(eq=False)
class Muster(SilentProgress):
    """Tells when all are in."""

    complete: trio.Event = attrs.field(factory=trio.Event)

    def show(self, moment: Moment) -> None:
        """See ``Progress.show``."""
        if moment.online == moment.bots:
            self.complete.set()


async def play_through(cluster: Cluster, fault: Fault, crowd: Crowd) -> Report:
    """Lets bots play before, during and after a fault."""
    inspection = Inspection(cluster, BAY, game)
    over, muster = trio.Event(), Muster()
    plan = SwarmPlan(
        url=cluster.socket_url(BAY),
        bots=crowd.bots,
        seconds=1e6,
        ramp_s=crowd.bots / 50,
        rate_hz=crowd.rate_hz,
        resumes=True,
        seed=5,
    )

    async def strike() -> None:
        await muster.complete.wait()
        await trio.sleep(SETTLED_S)
        await fault(cluster)
        await trio.sleep(SETTLED_S)
        over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(strike)
        if crowd.processes > 1:
            return report_of(await run_fleet(plan, crowd.processes, muster, stop=over))
        result = await run_swarm(plan, muster, stop=over, inspect=inspection.inspect)
    return inspection.complete(result)


async def measure(case: Case, crowd: Crowd) -> Report:
    """One run on a cluster of its own."""
    async with open_cluster(ClusterPlan(nodes=case.nodes, port=0)) as cluster:
        return await play_through(cluster, case.fault, crowd)


def row(name: str, report: Report) -> str:
    """A line of the table."""
    gap, answer = report.latency_ms.resume_gap, report.latency_ms.do_to_done
    spans = " / ".join(
        f"{value or 0:.0f}" for value in (gap.p50, gap.p99, gap.max, answer.p99, report.latency_ms.lag.p99)
    )
    lost, doubled = report.commands.lost, report.commands.doubled
    return f"{name:10}{report.verdict:6}{report.reconnects:8}   {spans:32}{lost:6}{doubled:8}"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CASES)))
@click.option("--bots", default=300, show_default=True, help="How many bots.")
@click.option("--rate", "rate_hz", default=2.0, show_default=True, help="Commands per second and bot.")
@click.option("--processes", default=1, show_default=True, help="Processes that share the bots.")
def main(names: tuple[str, ...], bots: int, rate_hz: float, processes: int) -> None:
    """Prints a table and a JSON line."""
    print(
        f"{'':10}{'':6}{'moved':>8}   {'noticed p50 / p99 / max / answer p99 / lag p99 ms':32}{'lost':>6}{'doubled':>8}"
    )
    reports = {}
    for name in names or list(CASES):
        report = reports[name] = trio.run(partial(measure, CASES[name], Crowd(bots, rate_hz, processes)))
        print(row(name, report), *report.reasons, sep="\n  ! ", flush=True)
    print(json.dumps({"benchmark": "nodes.loss", "runs": cattrs.unstructure(reports)}))
    sys.exit(any(report.verdict == "FAIL" for report in reports.values()))


if __name__ == "__main__":
    main()
