"""Every node is drained and replaced in turn, under bots and under players who do not listen (S23)."""

from __future__ import annotations

import signal

import pytest
import trio

from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.swarm import run_swarm
from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from server.launch.inspection import Inspection
from server.wire import close_codes
from tests.e2e.stored_world import BAY
from tests.integration.player import SocketPlayer, enter

pytestmark = pytest.mark.e2e

BOTS, DEAF, SILENT = 20, 2, 2
DRAIN = {"LEAD_S": "1.5", "PATIENCE_S": "1.5", "LIMIT_S": "6"}
ENDED_WITHIN_S = 6 + 2 + 1


async def test_nodes_go_and_come_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """All bots go on as themselves, every command has its one answer; who does not know how to move is closed with a
    code to come back; who does not even answer that holds nobody up. Nodes end in order and in time."""
    for name, value in DRAIN.items():
        monkeypatch.setenv(f"OARLOCK_DRAIN_{name}", value)
    with trio.fail_after(120):
        async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
            deaf = [await enter(node.port) for node in cluster.nodes for _ in range(DEAF)]
            # They read nothing and answer nothing, with open sockets, for as long as the test lasts.
            silent = [await enter(node.port) for node in cluster.nodes for _ in range(SILENT)]
            inspection, over = Inspection(cluster, BAY, game), trio.Event()
            plan = SwarmPlan(
                url=cluster.socket_url(BAY), bots=BOTS, seconds=1e6, ramp_s=1, rate_hz=4, seed=23, resumes=True
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(replace_all, cluster, over)
                for player in deaf:
                    nursery.start_soon(is_told_to_come_back, player)
                result = await run_swarm(plan, SilentProgress(), stop=over, inspect=inspection.inspect)
            report = inspection.complete(result)
            assert len(silent) == 2 * SILENT
        assert (report.verdict, report.reasons) == ("PASS", [])
        assert report.commands.lost == report.commands.doubled == report.commands.unresolved == 0
        assert len({bot.avatar for bot in result.bots}) == BOTS
        assert report.reconnects >= BOTS
        assert report.invariants == {invariant.name: 0 for invariant in game.invariants}


async def replace_all(cluster: Cluster, over: trio.Event) -> None:
    """SIGTERM to one node after the other, and a new one in its place."""
    await trio.sleep(3)
    for place, node in enumerate(cluster.nodes):
        node.process.signal(signal.SIGTERM)
        with trio.fail_after(ENDED_WITHIN_S):
            assert await node.process.wait() == 0, node.process.log_end()
        await cluster.replace(place)
        # HAProxy gives it players again after two checks.
        await trio.sleep(2.5)
    over.set()


async def is_told_to_come_back(player: SocketPlayer) -> None:
    """A client that knows nothing of moving is closed, once it had its time."""
    assert await player.read_close() == close_codes.NODE_DRAINING
    await player.peer.stream.aclose()
