"""The store hangs, for all nodes or for one, and nodes have no time: what HAProxy and players make of it (S25)."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from server.launch.cluster import ClusterPlan, find_haproxy, open_cluster
from server.launch.ports import LOOPBACK, free_ports, get
from server.wire import close_codes
from shared_state.embedded import embedded_store
from shared_state.kept_process import KeptProcess, kept_process
from tests.contract.deadline import within
from tests.contract.proxy import Proxy as StoreProxy
from tests.contract.proxy import proxied
from tests.integration.families import OARLOCK
from tests.integration.player import SocketPlayer, enter
from tests.integration.proxied_nodes import Proxy, proxy_before, until

pytestmark = pytest.mark.integration

PAUSE_S = 10.0
OUT_OF_ROTATION_S = 10.0
STORE_LIMIT_S = 3.0
SETTINGS = {
    "OARLOCK_WORLD_STORE_LIMIT_S": str(STORE_LIMIT_S),
    "OARLOCK_DRAIN_LEAD_S": "0",
    "OARLOCK_DRAIN_LIMIT_S": "0.1",
}


async def readiness(port: int, over: trio.Event, answers: list[int]) -> None:
    """Asks a node again and again whether it is ready; no answer takes longer than a second."""
    while not over.is_set():
        with trio.fail_after(1.0):
            answers.append((await get(port, "/ready"))[0])
        await trio.sleep(0.2)


async def play_on(player: SocketPlayer) -> None:
    """A command of a player is done, on the connection that it has."""
    assert (await player.do("row", dx=1, dy=0)).code == ""


@within(90)
async def test_a_store_that_hangs_for_ten_seconds_cuts_nobody_off() -> None:
    """All nodes are unready, each answer within a second; all players keep their connections, and what they commanded
    meanwhile is done; newcomers are let in soon after."""
    async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
        players = [await enter(cluster.port) for _ in range(8)]
        assert {player.bot.welcome.node for player in players if player.bot.welcome} == {"node1", "node2"}
        over = trio.Event()
        answers: dict[str, list[int]] = {node.name: [] for node in cluster.nodes}
        async with trio.open_nursery() as nursery:
            os.kill(cluster.store_pid, signal.SIGSTOP)
            try:
                for node in cluster.nodes:
                    nursery.start_soon(readiness, node.port, over, answers[node.name])
                for player in players:
                    nursery.start_soon(play_on, player)
                await trio.sleep(PAUSE_S)
                assert (await get(cluster.port, "/ready"))[0] == 503
            finally:
                os.kill(cluster.store_pid, signal.SIGCONT)
            over.set()
        # The first may be a moment old, the last one new again.
        assert all(set(found[1:-1]) == {503} for found in answers.values())
        with trio.fail_after(5):
            await until(lambda: is_ready(cluster.port))
        await play_on(await enter(cluster.port))
        for player in players:
            await play_on(player)
        assert all(player.is_content() for player in players)


async def is_ready(port: int) -> bool:
    """Whether a node can be reached that is."""
    return (await get(port, "/ready"))[0] == 200


@attrs.frozen
class Fleet:
    """Two nodes of which the second reaches the store through a proxy, and HAProxy before them."""

    ports: list[int]
    nodes: list[KeptProcess]
    line: StoreProxy
    haproxy: Proxy


@asynccontextmanager
async def fleet(directory: Path) -> AsyncGenerator[Fleet, None]:
    """Runs while the context is open."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(embedded_store())
        line = await stack.enter_async_context(proxied(store.url))
        ports, nodes = free_ports(2), []
        for name, port, url in zip(("node1", "node2"), ports, (store.url, line.url), strict=True):
            command = [*OARLOCK, "serve", "--name", name, "--bind", f"{LOOPBACK}:{port}", "--store", url]
            log = directory / f"{name}.log"
            nodes.append(await stack.enter_async_context(kept_process(command, log, stop_deadline_s=4.0, env=SETTINGS)))
        for port in ports:
            await until(lambda port=port: is_ready(port))  # type: ignore[misc]
        addresses = [f"{LOOPBACK}:{port}" for port in ports]
        haproxy = await stack.enter_async_context(proxy_before(addresses, str(find_haproxy()), directory))
        yield Fleet(ports, nodes, line, haproxy)


@within(90)
async def test_a_node_that_is_cut_off_leaves_the_rotation(tmp_path: Path) -> None:
    """Within ten seconds, its answers within one each; its players are sent elsewhere, those of the other one stay, and
    newcomers get in all along. It comes back by itself."""
    async with fleet(tmp_path) as place:
        here, there = await enter(place.ports[0]), await enter(place.ports[1])
        over = trio.Event()
        answers: list[int] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(readiness, place.ports[1], over, answers)
            place.line.cut_off()
            with trio.fail_after(OUT_OF_ROTATION_S):
                await until(lambda: place.haproxy.has_status("node2", "DOWN"))
            assert await place.haproxy.has_status("node1", "UP")
            assert [await served_by(place.haproxy) for _ in range(4)] == ["node1"] * 4
            with trio.fail_after(STORE_LIMIT_S + 10):
                assert await there.read_close() == close_codes.STORE_AWAY
            over.set()
        assert answers[-1] == 503
        await play_on(here)
        place.line.reconnect()
        with trio.fail_after(10):
            await until(lambda: place.haproxy.has_status("node2", "UP"))
        await play_on(await enter(place.ports[1]))
        assert here.is_content()


async def served_by(haproxy: Proxy) -> str:
    """The node that a newcomer plays on."""
    player = await enter(haproxy.port)
    await play_on(player)
    assert player.bot.welcome is not None
    await player.peer.stream.aclose()
    return player.bot.welcome.node


@within(90)
async def test_a_node_without_time_stays_in_the_rotation(tmp_path: Path) -> None:
    """It stands still for half of each second: HAProxy does not take it out and in, and its players stay."""
    async with fleet(tmp_path) as place:
        player = await enter(place.ports[1])
        flaps = (await place.haproxy.row_of("node2"))["chkdown"]
        for _ in range(6):
            place.nodes[1].signal(signal.SIGSTOP)
            await trio.sleep(0.5)
            place.nodes[1].signal(signal.SIGCONT)
            await trio.sleep(0.5)
        assert (await place.haproxy.row_of("node2"))["chkdown"] == flaps
        assert await place.haproxy.has_status("node2", "UP")
        await play_on(player)
        assert player.is_content()
