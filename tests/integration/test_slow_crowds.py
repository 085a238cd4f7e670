"""S28 at full size: thousands who dawdle, straight to a node and through HAProxy, keep nobody out and leave nothing."""

from __future__ import annotations

import os
import resource
import statistics
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio

from server.launch.cluster import ClusterPlan, open_cluster
from server.launch.ports import free_ports, get
from shared_state.embedded import embedded_store
from shared_state.kept_process import KeptProcess, kept_process
from tests.integration.crowd import Crowd
from tests.integration.net_peer import HANDSHAKE
from tests.integration.player import SocketPlayer, enter
from tests.integration.whole_node import whole_node

pytestmark = pytest.mark.integration

CROWD = 3000
GONE_S = 10.0
GOOD_JOIN_S = 1.0
SPARE = 500
BYTE_EVERY_S = 5.0


@pytest.fixture(autouse=True)
def many_descriptors() -> Iterator[None]:
    """As many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def crowd_size() -> int:
    """Sockets in each of two crowds: 3,000, unless the system lets this process have fewer descriptors."""
    return min(CROWD, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE) // 4)


def descriptors(process: KeptProcess) -> int:
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))


async def until_descriptors(process: KeptProcess, most: int) -> None:
    """Waits until a process has closed what it had."""
    while descriptors(process) > most:  # noqa: ASYNC110  (of another process there is no event)
        await trio.sleep(0.05)


async def join_again_and_again(ports: list[int], joins_s: list[float], over: trio.Event) -> None:
    """Good players join, on each port in turn, and leave; notes how long it took them."""
    while not over.is_set():
        for port in ports:
            started_s = trio.current_time()
            player = await enter(port)
            joins_s.append(trio.current_time() - started_s)
            await player.peer.stream.aclose()
        await trio.sleep(0.2)


def check_good_joins(joins_s: list[float]) -> None:
    """All but what a busy machine delays were in time."""
    assert len(joins_s) >= 10
    assert statistics.quantiles(joins_s, n=10)[-1] < GOOD_JOIN_S, [round(seconds, 2) for seconds in sorted(joins_s)]


async def of_each(crowds: list[Crowd], act: Callable[[Crowd], Awaitable[None]]) -> None:
    """Has all crowds do something at the same time."""
    async with trio.open_nursery() as nursery:
        for crowd in crowds:
            nursery.start_soon(act, crowd)


@asynccontextmanager
async def siege(directory: Path) -> AsyncIterator[list[Crowd]]:
    """A crowd at a node and one at its HAProxy, while good players join; at the end both are gone and left nothing."""
    async with open_cluster(ClusterPlan(nodes=1, port=0, log_directory=directory)) as cluster:
        (node,) = cluster.nodes
        player = await enter(cluster.port)
        before = descriptors(node.process)
        crowds = [Crowd(node.port), Crowd(cluster.port)]
        joins_s: list[float] = []
        over = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(join_again_and_again, [node.port, cluster.port], joins_s, over)
            yield crowds
            over.set()
        assert max(kept_s for crowd in crowds for kept_s in crowd.kept_s) <= GONE_S
        check_good_joins(joins_s)
        assert (await player.do("row", dx=1, dy=0)).code == ""
        assert player.is_content()
        with trio.fail_after(5):
            await until_descriptors(node.process, before + 2)
        assert "contained failure" not in node.process.log_path.read_text()


async def test_crowds_that_dribble_headers_are_gone_in_time(tmp_path: Path) -> None:
    """Six thousand sockets with a byte every 5 s, half of them through HAProxy; good joins stay quick (CASES S28)."""
    size = crowd_size()
    with trio.fail_after(60):
        async with siege(tmp_path) as crowds:
            await of_each(crowds, lambda crowd: crowd.open(size, HANDSHAKE[:1]))
            await of_each(crowds, lambda crowd: crowd.dribble(HANDSHAKE[1:], BYTE_EVERY_S))
            assert [len(crowd.kept_s) for crowd in crowds] == [size, size]


async def test_crowds_that_never_join_are_gone_in_time(tmp_path: Path) -> None:
    """Two hundred finished handshakes without a join, half of them through HAProxy (CASES S28).

    Each costs the node some 3 ms to open and to close, so a crowd of any size is bounded by what one address may do.
    """
    size = 100
    with trio.fail_after(60):
        async with siege(tmp_path) as crowds:
            await of_each(crowds, lambda crowd: crowd.open(size, HANDSHAKE, 75.0))
            for crowd in crowds:
                await crowd.wait_closed()
            assert [len(crowd.kept_s) for crowd in crowds] == [size, size]


@asynccontextmanager
async def poor_node(log: Path, descriptors_limit: int) -> AsyncIterator[tuple[int, KeptProcess]]:
    """A node that may have few descriptors."""
    (port,) = free_ports(1)
    async with embedded_store() as store:
        serve = [sys.executable, "-m", "server.cli", "serve", "--bind", f"127.0.0.1:{port}", "--store", store.url]
        limited = ["sh", "-c", f'ulimit -n {descriptors_limit} && exec "$@"', "sh", *serve]
        async with kept_process(limited, log, stop_deadline_s=8.0) as process:
            while (await get(port, "/ready"))[0] != 200:  # noqa: ASYNC110  (it is another process)
                await trio.sleep(0.05)
            yield port, process


async def test_a_node_out_of_descriptors_goes_on_and_recovers(tmp_path: Path) -> None:
    """Three thousand sockets to a node that may have 512 descriptors: players notice nothing, new ones get in after."""
    with trio.fail_after(60):
        async with poor_node(tmp_path / "node.log", 512) as (port, process):
            player = await enter(port)
            before = descriptors(process)
            crowd = Crowd(port)
            await crowd.open(crowd_size(), HANDSHAKE[:1])
            for _ in range(5):
                assert (await player.do("row", dx=1, dy=0)).code == ""
                await trio.sleep(0.1)
            crowd.leave()
            with trio.fail_after(GONE_S):
                late = await enter_some_time(port)
            assert (await late.do("row", dx=1, dy=0)).code == ""
            assert player.is_content()
            await late.peer.stream.aclose()
            with trio.fail_after(5):
                await until_descriptors(process, before + 1)


async def enter_some_time(port: int) -> SocketPlayer:
    """A player who tries again while the node is full."""
    while True:
        with suppress(AssertionError, OSError), trio.move_on_after(2):
            return await enter(port)
        await trio.sleep(0.1)


async def test_an_address_has_a_bounded_number_of_connections() -> None:
    """Above it the client is told 429; another address is served (CASES S28)."""
    limits = {"proxies": ("127.0.0.1/32",), "per_address": 20}
    with trio.fail_after(30):
        async with whole_node(clients=limits) as node:
            crowd = Crowd(node.port, "127.0.0.9")
            await crowd.open(40, HANDSHAKE)
            with trio.fail_after(3):
                while len(crowd.kept_s) < 20:
                    crowd.look()
                    await trio.sleep(0.02)
            assert len(crowd.opened_s) == 20
            player = await enter(node.port)
            assert (await player.do("row", dx=1, dy=0)).code == ""
            crowd.leave()
