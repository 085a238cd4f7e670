"""The demo's controls of ``oarlock up``: nodes are killed, paused and drained by its page, and by nobody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import trio

from server.launch.demo import fault_of
from server.net.http import Request
from tests.integration.families import Family, running
from tests.integration.http_client import ask
from tests.integration.proxied_nodes import until
from tests.integration.test_cli_up import printed

pytestmark = pytest.mark.integration


async def state(port: int) -> Any:
    """The demo's state."""
    return (await ask(port, "GET", "/demo/state")).value


async def node_of(port: int, name: str) -> Any:
    """A node of the demo."""
    return next(node for node in (await state(port))["nodes"] if node["name"] == name)


async def act(port: int, name: str, action: str) -> int:
    """Does something to a node. Returns: the status."""
    return (await ask(port, "POST", f"/demo/nodes/{name}/{action}", x_oarlock_demo="1")).status


async def test_nodes_are_killed_paused_and_drained_and_come_back(tmp_path: Path) -> None:
    """Each shows in the state; a node that ended is started anew; meanwhile the invariants are checked."""
    family, output = Family(), tmp_path / "output"
    with trio.fail_after(120):
        async with running(family, ["up", "--port", "0", "--bots", "4"], output) as process:
            await printed(output, "Oarlock is up")
            found = re.search(r"Oarlock is up: http://127.0.0.1:(\d+)/", output.read_text())
            assert found is not None
            port = int(found[1])
            assert [node["state"] for node in (await state(port))["nodes"]] == ["running", "running"]

            async def has_state(name: str, wanted: str, other_than: int = 0) -> bool:
                node = await node_of(port, name)
                return bool(node["state"] == wanted and node["pid"] != other_than)

            killed = (await node_of(port, "node1"))["pid"]
            assert await act(port, "node1", "kill") == 202
            assert (await node_of(port, "node1"))["state"] == "ended"
            assert await act(port, "node1", "kill") == 409
            await until(lambda: has_state("node1", "running", killed))
            assert await act(port, "node2", "pause") == 202
            assert (await node_of(port, "node2"))["state"] == "paused"
            assert await act(port, "node2", "resume") == 202
            drained = (await node_of(port, "node2"))["pid"]
            assert await act(port, "node2", "drain") == 202
            assert (await node_of(port, "node2"))["state"] == "draining"
            await until(lambda: has_state("node2", "running", drained))
            invariants = (await state(port))["invariants"]
            assert (invariants["violations"], invariants["checked"] > 5, invariants["version"] > 0) == (0, True, True)
            for name, action in (("node7", "kill"), ("node1", "explode"), ("node1", ""), ("", "kill")):
                assert await act(port, name, action) == 404
            assert (await ask(port, "POST", "/demo/nodes/node1/kill")).status == 403
            assert (await node_of(port, "node1"))["state"] == "running"
            assert await act(port, "node1", "pause") == 202
            process.terminate()
            assert await process.wait() == 0
        assert await family.gone(15) == {}


PAGE = {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080", "x-oarlock-demo": "1"}


@pytest.mark.parametrize(
    ("method", "headers", "peer", "is_obeyed"),
    [
        ("POST", PAGE, "127.0.0.1", True),
        ("POST", {**PAGE, "host": "localhost:8080", "origin": "http://localhost:8080"}, "::1", True),
        ("GET", {"host": "127.0.0.1:8080"}, "127.0.0.1", True),
        ("POST", {**PAGE, "origin": "http://127.0.0.1:9090"}, "127.0.0.1", False),
        ("POST", {**PAGE, "origin": "https://evil.example"}, "127.0.0.1", False),
        ("POST", {**PAGE, "origin": "null"}, "127.0.0.1", False),
        ("POST", {name: PAGE[name] for name in ("host", "origin")}, "127.0.0.1", False),
        ("POST", {**PAGE, "host": "evil.example", "origin": "http://evil.example"}, "127.0.0.1", False),
        ("GET", {"host": "evil.example"}, "127.0.0.1", False),
        ("GET", {}, "127.0.0.1", False),
        ("GET", {"host": "127.0.0.1:8080"}, "192.0.2.1", False),
        ("GET", {"host": "127.0.0.1:8080"}, "", False),
    ],
)
def test_only_the_demos_own_page_is_obeyed(method: str, headers: dict[str, str], peer: str, is_obeyed: bool) -> None:
    """Not a page of another site, whatever name it gave this machine, nor another machine (S27)."""
    assert (fault_of(Request(method, "/demo/state", "", headers, peer)) is None) == is_obeyed
