"""kill -9 of one node in the middle of play."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import trio

from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.inspection import Inspection
from server.launch.ports import get
from tests.e2e.stored_world import BAY, count_boats

pytestmark = pytest.mark.e2e


async def test_the_loss_of_a_node_diverts_its_players_and_confuses_nobody() -> None:
    """Those of the other node see no gap; those of the lost one go on there as themselves, and every command that they
    sent has one answer; nobody is doubled; the page is served all along."""
    with trio.fail_after(60):
        async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
            inspection = Inspection(cluster, BAY, game)
            boats = 0

            async def inspect(collect: Callable[[], SwarmResult]) -> SwarmResult:
                nonlocal boats
                result = await inspection.inspect(collect)
                boats = await count_boats(cluster.store_url)
                return result

            plan = SwarmPlan(url=cluster.socket_url(BAY), bots=30, seconds=6, ramp_s=1.0, seed=3, resumes=True)
            statuses: list[int] = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill_later, cluster, statuses)
                result = await run_swarm(plan, SilentProgress(), inspect=inspect)
            report = inspection.complete(result)
            assert not cluster.nodes[0].process.running
            assert cluster.nodes[1].process.running
    assert (report.verdict, report.reasons) == ("PASS", [])
    assert report.bots_per_node == {"node2": 30}
    assert report.reconnects >= 5
    assert report.commands.lost == report.commands.doubled == report.commands.unresolved == 0
    assert len({bot.avatar for bot in result.bots}) == 30
    assert boats == 30
    assert report.latency_ms.resume_gap.p99 is not None
    assert report.latency_ms.resume_gap.p99 < 3000
    assert statuses == [200] * len(statuses)
    assert report.invariants == {invariant.name: 0 for invariant in game.invariants}


async def kill_later(cluster: Cluster, statuses: list[int]) -> None:
    """Kills the first node when all bots play, then asks for the page as browsers do."""
    await trio.sleep(2.5)
    cluster.nodes[0].process.signal(signal.SIGKILL)
    await cluster.nodes[0].process.wait()
    # HAProxy takes the node out after a moment; until then it tries the other one by itself.
    for _ in range(20):
        statuses.append((await get(cluster.port, "/"))[0])
        await trio.sleep(0.1)
