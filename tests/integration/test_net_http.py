"""HTTP on real sockets: answers, refusals and hostile requests."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from server.net.admission import Accept, Admission
from server.net.connection import Connection
from server.net.http import Request, Response, Routes, explain
from server.net.limits import Limits
from server.net.origins import Origins
from server.net.static import StaticFiles
from tests.conformance.echo import EchoApp
from tests.integration.net_peer import HANDSHAKE, Peer, connect, serving

GET = b"GET %b HTTP/1.1\r\nHost: node\r\n\r\n"
SUBPROTOCOLS = {"oarlock.v1.msgpack": False, "oarlock.v1.json": True}


class GuardedEcho(EchoApp):
    """Echo behind the real admission."""

    def admit(self, request: Request) -> Accept | Response:
        return Admission(SUBPROTOCOLS, Origins(frozenset({"https://play.example"}))).admit(request)

    async def handle(self, connection: Connection) -> None:
        self.peer = connection.peer
        await super().handle(connection)


async def live(request: Request) -> Response:
    """A handler that tells who asks."""
    return explain(200, f"{request.peer} {request.query}")


def routes(root: Path) -> Routes:
    """A node's table in small."""
    return Routes({"/live": live}, {"/": StaticFiles(root)})


async def ask(port: int, request: bytes) -> tuple[bytes, bytes]:
    """Head and body of the answer to one request on a connection of its own, which must then be closed."""
    peer = await connect(port)
    await peer.send(request)
    head = await peer.read_head()
    await peer.wait_gone()
    await peer.stream.aclose()
    return head, bytes(peer.received)


async def body_of(peer: Peer, head: bytes) -> bytes:
    """A body with a content length."""
    size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(peer.received) < size:
        peer.received += await peer.stream.receive_some(4096)
    body = bytes(peer.received[:size])
    del peer.received[:size]
    return body


async def test_one_connection_asks_many_times(tmp_path: Path) -> None:
    """Requests of a kept connection are answered in turn, pipelined ones too; HEAD has no body; the bound ends it."""
    (tmp_path / "index.html").write_text("<p>bay</p>")
    with trio.fail_after(3):
        async with serving(EchoApp(), Limits(max_requests=4), routes=routes(tmp_path)) as port:
            peer = await connect(port)
            await peer.send(GET % b"/live?a=1" + GET % b"/" + b"HEAD / HTTP/1.1\r\nHost: node\r\n\r\n")
            assert await body_of(peer, await peer.read_head()) == b"127.0.0.1 a=1\n"
            assert await body_of(peer, await peer.read_head()) == b"<p>bay</p>"
            assert b"content-length: 10" in (await peer.read_head()).lower()
            assert peer.received == b""
            await peer.send(GET % b"/none")
            head = await peer.read_head()
            assert head.startswith(b"HTTP/1.1 404 ")
            assert b"connection: close" in head.lower()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET http://node/ HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: node\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: node\r\nContent-Length: 5\r\n\r\nhello", b"413"),
        (b"PUT / HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n", b"405"),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n", b"404"),
        (HANDSHAKE.replace(b"/ws/bay", b"/ws/Bay"), b"404"),
        (HANDSHAKE.replace(b"Version: 13", b"Version: 8"), b"426"),
        (HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), b"400"),
        (HANDSHAKE.replace(b"oarlock.v1", b"chat"), b"400"),
        (HANDSHAKE.replace(b"Host: node", b"Host: node\r\nOrigin: https://evil.example"), b"403"),
        (HANDSHAKE.replace(b"GET", b"HEAD"), b"405"),
    ],
)
async def test_bad_requests_are_refused_and_closed(tmp_path: Path, request_bytes: bytes, status: bytes) -> None:
    """Each fault has its status, and the connection is closed behind the answer."""
    with trio.fail_after(3):
        async with serving(GuardedEcho(), Limits(), routes=routes(tmp_path)) as port:
            head, _ = await ask(port, request_bytes)
    assert head.split(b" ")[1] == status


@pytest.mark.parametrize(
    "replacement",
    [
        b"Host: node",
        b"Host: node\r\nOrigin: https://play.example",
        b"Host: xn--\xff\xfe..",
        b"Host: node\r\nSec-WebSocket-Extensions: permessage-deflate",
    ],
)
async def test_good_handshakes_are_accepted(replacement: bytes) -> None:
    """Listed origins are let in; headers that trip a parser, or offer extensions, do no harm."""
    with trio.fail_after(3):
        async with serving(GuardedEcho(), Limits()) as port:
            peer = await connect(port)
            await peer.send(HANDSHAKE.replace(b"Host: node", replacement))
            head = await peer.read_head()
            assert b"\r\nsec-websocket-protocol: oarlock.v1.msgpack" in head.lower()
            assert b"extensions" not in head.lower()
            assert await peer.echo(b"hello") == b"hello"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: node\r\nContent-Length: 3\r\n\r\nabc", b"413"),
        (b"HEAD http://node/ HTTP/1.1\r\nHost: node\r\n\r\n", b"400"),
        (b"HEAD / HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (HANDSHAKE.replace(b"GET", b"HEAD"), b"405"),
    ],
)
async def test_a_refused_head_gets_no_body_either(request_: bytes, status: bytes, tmp_path: Path) -> None:
    """Whatever is wrong with it, it is answered in form: the fault is its sender's, not the node's (S01)."""
    with trio.fail_after(5):
        async with serving(EchoApp(), Limits(), routes=routes(tmp_path)) as port:
            head, rest = await ask(port, request_)
            assert head.startswith(b"HTTP/1.1 " + status)
            assert b"\r\ncontent-length: " in head.lower()
            assert rest == b""


async def test_what_follows_a_head_has_a_body_again(tmp_path: Path) -> None:
    """Also when it is no request (S01)."""
    (tmp_path / "index.html").write_text("<p>bay</p>")
    with trio.fail_after(5):
        async with serving(EchoApp(), Limits(), routes=routes(tmp_path)) as port:
            head, rest = await ask(port, b"HEAD / HTTP/1.1\r\nHost: node\r\n\r\n" + b"\x01 nonsense\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert rest.startswith(b"HTTP/1.1 400")
            assert rest.partition(b"\r\n\r\n")[2]


async def test_client_address_comes_from_the_trusted_proxy() -> None:
    """Behind a proxy on loopback the client's address is what the proxy says."""
    app = GuardedEcho()
    with trio.fail_after(3):
        async with serving(app, Limits()) as port:
            peer = await connect(port)
            await peer.send(HANDSHAKE.replace(b"Host: node", b"Host: node\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9"))
            await peer.read_head()
            assert await peer.echo(b"hello") == b"hello"
    assert app.peer == "203.0.113.9"
