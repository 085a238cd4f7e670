"""S17: half of the nodes die in one instant, then all of them."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
import trio

from client_bot.backoff import FIRST_S, LONGEST_S
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.inspection import Inspection
from tests.e2e.stored_world import BAY

pytestmark = pytest.mark.e2e

BOTS = 60
OUTAGE_S = 4.0


async def strike(cluster: Cluster, over: trio.Event, struck_s: list[float]) -> None:
    """Kills two of four nodes and then all, starts them again, and ends the run when everybody had time to be back."""
    began_s = trio.current_time()
    await trio.sleep(4.0)
    struck_s.append(trio.current_time() - began_s)
    kill(cluster, 0, 1)
    await trio.sleep(FIRST_S + 4.0)
    struck_s.append(trio.current_time() - began_s)
    kill(cluster, 2, 3)
    await trio.sleep(OUTAGE_S)
    async with trio.open_nursery() as nursery:
        for place in range(4):
            nursery.start_soon(cluster.replace, place)
    await trio.sleep(LONGEST_S + 4.0)
    over.set()


def kill(cluster: Cluster, *places: int) -> None:
    """kill -9 of these nodes, in one instant."""
    for place in places:
        cluster.nodes[place].process.signal(signal.SIGKILL)


def returns(result: SwarmResult, since_s: float, until_s: float) -> list[float]:
    """When players were back on another connection, in seconds from ``since_s`` on."""
    return sorted(gap.at_s - since_s for gap in result.timeline.longest_gaps if since_s < gap.at_s < until_s)


async def test_players_of_lost_nodes_come_back_one_after_the_other() -> None:
    """All are back, as themselves, with all answers; returns are spread; nobody hammers at nodes that are gone."""
    struck_s: list[float] = []
    over = trio.Event()
    with trio.fail_after(150):
        async with open_cluster(ClusterPlan(nodes=4, port=0)) as cluster:
            inspection = Inspection(cluster, BAY, game)
            plan = SwarmPlan(
                url=cluster.socket_url(BAY), bots=BOTS, seconds=1e6, ramp_s=1.0, rate_hz=2.0, seed=17, resumes=True
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(strike, cluster, over, struck_s)
                result = await run_swarm(plan, SilentProgress(), stop=over, inspect=inspection.inspect)
            report = inspection.complete(result)
    assert (report.verdict, report.reasons) == ("PASS", [])
    assert all(bot.is_online for bot in result.bots)
    half = returns(result, *struck_s)
    assert BOTS / 4 <= len(half) <= BOTS * 3 / 4
    assert half[-1] - half[0] > FIRST_S / 2
    everybody = returns(result, struck_s[1], 1e9)
    assert len(everybody) == BOTS
    assert everybody[-1] < 60.0
    # Of so few, chance puts more than a twentieth into some tenth of a second; a storm would put nearly all there.
    assert max(Counter(int(at_s / 0.1) for at_s in everybody).values()) <= BOTS * 0.15
    assert result.tally.failed_connections <= BOTS * (3 + everybody[-1] / (LONGEST_S / 2))
