"""S01 through HAProxy: players end in every ugly way, and the rest see nothing of it but that they are gone."""

from __future__ import annotations

import signal

import pytest
import trio

from server.games.flotsam import game
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from tests.e2e.stored_world import read_world, until_boats
from tests.integration.families import Family, running
from tests.integration.player import SocketPlayer, enter
from tests.unit.net import masked

pytestmark = pytest.mark.e2e

INNOCENT, OF_EACH_KIND = 19, 10


async def test_those_who_end_badly_disturb_nobody() -> None:
    """Ten resets, ten closes, ten of a killed process, and one that sends garbage; the other nineteen play on."""
    with trio.fail_after(90):
        async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
            innocent = [await enter(cluster.port, radius=300) for _ in range(INNOCENT)]
            over = trio.Event()
            async with trio.open_nursery() as nursery:
                for player in innocent:
                    nursery.start_soon(row_about, player, over)
                await end_badly(cluster)
                await until_boats(cluster.store_url, INNOCENT)
                over.set()
            assert all(player.is_content() for player in innocent)
            assert sum(player.bot.tally.resyncs + player.bot.tally.stale_acks for player in innocent) == 0
            assert min(player.bot.tally.acknowledged for player in innocent) >= 5
            assert {player.bot.welcome.node for player in innocent if player.bot.welcome} == {"node1", "node2"}
            assert all(node.process.running for node in cluster.nodes)
            assert "contained failure" not in "".join(node.process.log_path.read_text() for node in cluster.nodes)
            assert (await read_world(cluster.store_url, game)).wrong(game) == []


async def end_badly(cluster: Cluster) -> None:
    """Brings the others in and ends them."""
    for _ in range(OF_EACH_KIND):
        cut, polite = await enter(cluster.port), await enter(cluster.port)
        await cut.order("row", dx=1, dy=1)
        await cut.peer.send(masked.binary(b"x" * 40)[:20])
        cut.peer.reset()
        await polite.peer.send(masked.close(1000))
        await polite.peer.stream.aclose()
    garbler = await enter(cluster.port)
    await garbler.say(b"\xc1" * 100)
    await garbler.peer.send(b"\x00" * 1000)
    await garbler.peer.wait_gone()
    await kill_a_swarm(cluster)


async def kill_a_swarm(cluster: Cluster) -> None:
    """Ten bots in a process of their own, which is killed once they play."""
    family = Family()
    arguments = ["bots", "--url", cluster.socket_url("bay"), "--bots", str(OF_EACH_KIND), "--for", "60"]
    async with running(family, arguments, cluster.proxy.log_path.with_name("bots.log")) as process:
        await until_boats(cluster.store_url, INNOCENT + OF_EACH_KIND)
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def row_about(player: SocketPlayer, over: trio.Event) -> None:
    """Plays until it is over; every command is answered."""
    step = 1
    while not over.is_set():
        assert (await player.do("row", dx=step, dy=0)).code == ""
        step = -step
        await trio.sleep(0.2)
