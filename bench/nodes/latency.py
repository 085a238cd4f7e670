"""How long after a command through one node a client of another node sees what it did.

    python -m bench.nodes.latency [idle] [loaded] [at-once] [--for SECONDS] [--bots N] [--rate HZ]

Two clients of one process, so on one clock, each on a node of its own, without a proxy: one rings a bell, the other
sees it rung. Three cases: nobody else plays; N bots of another process play too, through HAProxy; the same on nodes
that commit and flush at once, whatever the load. ``from sending`` is all of it: command, commit, delta, flush, and both
clients. ``from answer`` is what is left when the one who rang has the answer, so it may be nothing. ``lag`` is how late
the clients themselves were, which is what the machine was busy with.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import attrs
import cattrs
import click
import trio

from client_bot.bot import Bot, Surroundings
from client_bot.brains import Brain, Order, Sight
from client_bot.client import Client
from client_bot.connection import Address, dial_tcp
from client_bot.fleet import run_fleet
from client_bot.measure import Measures
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.report import Latency, Quantiles, latency_of
from client_bot.stage import Stage
from client_bot.timeline import Timeline
from client_bot.visibility import Visibility
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.ports import LOOPBACK
from server.wire.codec import MSGPACK

GAME, WORLD = "bench.nodes.belfry:game", "belfry"
TARGET_P50_MS, TARGET_P99_MS = 3.0, 10.0
RING_EVERY_S, RING_SPREAD_S = 0.08, 0.04
"""Rings are further apart than two flushes, at random: an idle node is one that has nothing to gather."""
AT_ONCE = {"OARLOCK_WORLD_FLUSH_HZ": "1000", "OARLOCK_WORLD_COMMIT_PAUSE_S": "0"}
WARM_S = 2.0


class Ringer(Brain):
    """Rings its bell."""

    def decide(self, sight: Sight) -> list[Order]:
        """Once each time."""
        return [("ring", {})]


class Listener(Brain):
    """Has one too, and leaves it alone."""

    def decide(self, sight: Sight) -> list[Order]:
        """Nothing."""
        return []


@attrs.frozen
class Case:
    """Who plays beside, and what the nodes are told."""

    is_loaded: bool
    settings: dict[str, str]


CASES = {"idle": Case(False, {}), "loaded": Case(True, {}), "at-once": Case(True, AT_ONCE)}


@attrs.frozen
class Load:
    """What plays beside the two: so many bots, with so many commands a second each."""

    bots: int
    rate_hz: float


async def listen_across(cluster: Cluster, seconds: float) -> Latency:
    """Rings on the first node and listens on the second; what the first seconds bring is left out."""
    await _ring(cluster, WARM_S)
    return latency_of(await _ring(cluster, seconds))


async def _ring(cluster: Cluster, seconds: float) -> Measures:
    measures, stage = Measures(), Stage()
    visibility = Visibility(measures)
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for number, brain in enumerate((Ringer(), Listener())):
                around = Surroundings(
                    Address.parse(f"ws://{LOOPBACK}:{cluster.nodes[number].port}/ws/{WORLD}"),
                    dial_tcp,
                    1 / RING_EVERY_S,
                    RING_SPREAD_S,
                    stage,
                    measures,
                    visibility,
                    Timeline(trio.current_time()),
                )
                client = Client(MSGPACK, f"bell {number}", checks_digests=False)
                nursery.start_soon(Bot(client, "", brain, random.Random(number), around).live)
    return measures


async def measure(case: Case, load: Load, seconds: float) -> Latency:
    """One case on a cluster of its own."""
    with _environment(case.settings):
        async with open_cluster(ClusterPlan(nodes=2, port=0, game=GAME)) as cluster:
            if not case.is_loaded:
                return await listen_across(cluster, seconds)
            over = trio.Event()
            plan = SwarmPlan(
                url=cluster.socket_url(WORLD),
                bots=load.bots,
                rate_hz=load.rate_hz,
                seconds=1e6,
                brains={"fuzzer": 1.0},
                checkers=1,
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(run_fleet, plan, 1, SilentProgress(), stop=over))
                await trio.sleep(plan.ramp_s + WARM_S)
                latency = await listen_across(cluster, seconds)
                over.set()
            return latency


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """What nodes are told, for as long as the context is open."""
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            del os.environ[name]


def row(name: str, latency: Latency) -> str:
    """A line of the table."""
    spans = (latency.cross_node, latency.seen_elsewhere, latency.do_to_done, latency.lag)
    cells = (f"{span.p50 or 0:6.1f} / {span.p99 or 0:6.1f}" for span in spans)
    return f"{name:10}" + "".join(f"{cell:>20}" for cell in cells)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(CASES)))
@click.option("--for", "seconds", default=30.0, show_default=True, help="How long each case is measured.")
@click.option("--bots", default=50, show_default=True, help="How many bots are the load.")
@click.option("--rate", "rate_hz", default=10.0, show_default=True, help="Commands per second and bot.")
def main(names: tuple[str, ...], seconds: float, bots: int, rate_hz: float) -> None:
    """Prints a table, p50 / p99 in ms, and a JSON line."""
    titles = ("from sending", "from answer", "own answer", "lag")
    print(f"{'':10}" + "".join(f"{title:>20}" for title in titles))
    latencies = {}
    for name in names or list(CASES):
        latencies[name] = trio.run(measure, CASES[name], Load(bots, rate_hz), seconds)
        print(row(name, latencies[name]), flush=True)
    print(json.dumps({"benchmark": "nodes.latency", "latency_ms": cattrs.unstructure(latencies)}))
    idle = latencies["idle"].cross_node if "idle" in latencies else Quantiles()
    sys.exit((idle.p50 or 0) > TARGET_P50_MS or (idle.p99 or 0) > TARGET_P99_MS)


if __name__ == "__main__":
    main()
