"""A whole node over plain HTTP: the page, liveness, readiness, figures."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from server.app import run_node
from server.config import NodeConfig
from server.errors import UsageError
from server.launch.ports import get
from shared_state.names import world_name
from shared_state.redis.keys import world_keys
from shared_state.redis.store import open_store
from tests.integration.player import enter
from tests.integration.whole_node import whole_node

pytestmark = pytest.mark.integration


async def test_a_node_answers_what_operators_and_browsers_ask() -> None:
    """The page and its modules, liveness and readiness; other paths are not found."""
    with trio.fail_after(30):
        async with whole_node() as node:
            status, page = await get(node.port, "/")
            assert (status, "<html" in page) == (200, True)
            assert (await get(node.port, "/style.css"))[0] == 200
            assert await get(node.port, "/live") == (200, "live\n")
            assert await get(node.port, "/ready") == (200, "ready\n")
            for path in ("/nothing", "/../config.py", "/ws/bay", "/%2e%2e/config.py"):
                assert (await get(node.port, path))[0] in (400, 404, 426)


async def test_a_node_without_its_store_is_live_and_not_ready() -> None:
    """While the store is stopped the answer is 503 within a second, and 200 again soon after it goes on."""
    with trio.fail_after(30):
        async with whole_node() as node:
            player = await enter(node.port)
            os.kill(node.store.pid, signal.SIGSTOP)
            try:
                for _ in range(2):
                    with trio.fail_after(1.0):
                        status, text = await get(node.port, "/ready")
                    assert (status, "store" in text) == (503, True)
                assert await get(node.port, "/live") == (200, "live\n")
            finally:
                os.kill(node.store.pid, signal.SIGCONT)
            with trio.fail_after(5):
                await until_answer(node.port, "/ready", "ready\n")
            assert (await player.do("row", dx=1, dy=1)).code == ""
            assert player.is_content()


async def test_a_node_that_cannot_read_its_world_is_not_ready() -> None:
    """History changed and the new one cannot be read: not ready until it can, though the store answers (S25)."""
    with trio.fail_after(30):
        async with whole_node() as node, open_store(node.store.url) as store:
            player = await enter(node.port)
            keys, link = world_keys(world_name("bay")), store.topology.link_for(world_name("bay"))
            await link.call("RENAME", keys.state, f"{keys.state}:aside")
            await link.call("SET", keys.state, "damaged")
            await link.call("HSET", keys.meta, "epoch", "another")
            await until_answer(node.port, "/ready", "no replica is current\n")
            assert await get(node.port, "/live") == (200, "live\n")
            await link.call("RENAME", f"{keys.state}:aside", keys.state)
            await until_answer(node.port, "/ready", "ready\n")
            assert (await player.do("row", dx=1, dy=1)).code == ""


async def test_a_node_whose_event_loop_is_stuck_is_not_live() -> None:
    """Another process asks: while a rule computes there is no answer, afterwards there is, and the lag was noted."""
    asking = (
        "import sys, urllib.request as web\n"
        "print('asking', flush=True)\n"
        "print(web.urlopen(sys.argv[1], timeout=0.5).read().decode())"
    )
    with trio.fail_after(30):
        async with whole_node() as node:
            command = [sys.executable, "-c", asking, f"http://127.0.0.1:{node.port}/live"]
            # Both of these hold up the event loop, and are meant to.
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
            assert child.stdout is not None
            assert child.stdout.readline() == b"asking\n"
            time.sleep(1.5)  # noqa: ASYNC251
            assert (await trio.to_thread.run_sync(child.communicate))[0] == b""
            assert await get(node.port, "/live") == (200, "live\n")
            text = (await get(node.port, "/metrics"))[1]
            counts = dict(re.findall(r'oarlock_event_loop_lag_seconds_bucket\{le="(.+)"\} (.+)', text))
            assert float(counts["+Inf"]) > float(counts["1"])


async def test_the_figures_are_prometheus_text() -> None:
    """Every family parses, has a help text, and the counts are those of what happened."""
    with trio.fail_after(30):
        async with whole_node() as node:
            player = await enter(node.port)
            for _ in range(3):
                assert (await player.do("row", dx=1, dy=1)).code == ""
            assert (await player.do("grab", crate=0)).code == "gone"
            status, text = await get(node.port, "/metrics")
            families = {family.name: family for family in text_string_to_metric_families(text)}
            values = {sample.name: sample.value for family in families.values() for sample in family.samples}
            assert status == 200
            assert all(family.documentation and family.name.startswith("oarlock_") for family in families.values())
            assert values["oarlock_sessions"] == values["oarlock_worlds"] == values["oarlock_connections_total"] == 1
            assert values["oarlock_commands_committed_total"] >= 4
            assert values["oarlock_commands_rejected_total"] >= 1
            assert values["oarlock_draining"] == values["oarlock_divergences_total"] == 0
            assert {label for family in families.values() for s in family.samples for label in s.labels} <= {
                "world",
                "le",
            }
            await player.peer.stream.aclose()
            await until_answer(node.port, "/metrics", 'oarlock_sessions{world="bay"} 0.0')


async def until_answer(port: int, path: str, text: str) -> None:
    """Asks until the answer has a text."""
    while text not in (await get(port, path))[1]:  # noqa: ASYNC110  (what is waited for is behind a socket)
        await trio.sleep(0.02)


@pytest.mark.parametrize(
    ("bind", "says"),
    [
        ("localhost", "not HOST:PORT"),
        ("127.0.0.1:", "not HOST:PORT"),
        ("127.0.0.1:http", "not HOST:PORT"),
        ("127.0.0.1:70000", "not HOST:PORT"),
        ("127.0.0.1:-1", "not HOST:PORT"),
        ("127.0.0.1:\u00b2", "not HOST:PORT"),
        ("no-such-host.invalid:0", "cannot listen on no-such-host.invalid:0"),
        ("192.0.2.1:8000", "cannot listen on 192.0.2.1:8000"),
    ],
)
async def test_an_address_that_cannot_be_listened_on_is_named(bind: str, says: str) -> None:
    """Before the store is asked for anything; a port out of range is never taken for another one."""
    with trio.fail_after(10), pytest.raises(UsageError, match=says):
        await run_node(NodeConfig(bind=bind, store="redis://127.0.0.1:1"))
