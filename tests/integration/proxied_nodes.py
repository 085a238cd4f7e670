"""HAProxy with ops/haproxy.cfg, and the tiny nodes behind it.

The nodes answer ``/ready``, accept upgrades, say their name and echo bytes: what is tested is the configuration alone.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import trio

CONFIG = Path(__file__).parents[2] / "ops" / "haproxy.cfg"
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DEADLINE_S = 30.0


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
    """HAProxy in front of tiny nodes that are ready."""
    nodes = [TinyNode(f"node{number}") for number in range(1, node_count + 1)]
    with trio.fail_after(DEADLINE_S):
        async with trio.open_nursery() as nursery:
            for node in nodes:
                await node.open()
                nursery.start_soon(node.run)
            async with proxy_before([node.address for node in nodes], binary, directory, config) as proxy:
                yield attrs.evolve(proxy, nodes=nodes)
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def proxy_before(
    addresses: Sequence[str], binary: str, directory: Path, config: Path = CONFIG
) -> AsyncIterator[Proxy]:
    """HAProxy in front of nodes. It inherits its listening socket, so that no port can be taken in between."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Proxy(listening.getsockname()[1], listening, [], str(directory / "admin"), directory / "log")
        async with trio.open_nursery() as nursery:
            with proxy.log.open("wb") as log:
                run = partial(
                    trio.run_process,
                    [binary, "-db", "-f", str(config)],
                    env=environment_of(addresses, f"fd@{listening.fileno()}", proxy.admin_socket),
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


def environment_of(addresses: Sequence[str], bind: str, admin_socket: str) -> dict[str, str]:
    """The variables the file reads."""
    nodes = {f"OARLOCK_NODE_{number}": address for number, address in enumerate(addresses, 1)}
    fixed = {"OARLOCK_BIND": bind, "OARLOCK_HAPROXY_SOCKET": admin_socket, "OARLOCK_HAPROXY_LOG": "stdout"}
    return {**nodes, **fixed}


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
