"""Decisions on requests: who asks, who is let in, who answers."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from server.net.admission import Accept, Admission, world_of
from server.net.client_address import TrustedProxies
from server.net.http import Request, Response, Routes, explain
from server.net.origins import Origins
from server.net.static import StaticFiles
from server.net.upgrade import fault_of, wants_upgrade, welcome

HANDSHAKE = Request(
    "GET",
    "/ws/bay.1",
    "",
    {
        "host": "node:80",
        "connection": "keep-alive, Upgrade",
        "upgrade": "WebSocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "json, msgpack",
    },
    "192.0.2.1",
)
ADMISSION = Admission({"msgpack": False, "json": True}, Origins(frozenset({"https://play.example"})))


def with_headers(**headers: str) -> Request:
    """The handshake with other headers; underscores stand for dashes."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return attrs.evolve(HANDSHAKE, headers={**HANDSHAKE.headers, **changed})


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("203.0.113.5", {"x-forwarded-for": "6.6.6.6"}, "203.0.113.5"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {"x-forwarded-for": "6.6.6.6, 203.0.113.9"}, "203.0.113.9"),
        ("10.1.2.3", {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"),
        ("::ffff:127.0.0.1", {"x-forwarded-for": "2001:db8::1"}, "2001:db8::1"),
        ("::1", {"forwarded": 'for=6.6.6.6, for="[2001:db8::2]:4711";proto=https'}, "2001:db8::2"),
        ("127.0.0.1", {"forwarded": "proto=http;For=203.0.113.9:80"}, "203.0.113.9"),
        ("127.0.0.1", {"x-forwarded-for": "nonsense"}, "127.0.0.1"),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9, nonsense"}, "127.0.0.1"),
        ("", {"x-forwarded-for": "6.6.6.6"}, ""),
    ],
)
def test_only_trusted_hops_are_believed(peer: str, headers: dict[str, str], client: str) -> None:
    """The client is the first hop from the right that no trusted proxy stands behind."""
    assert TrustedProxies(["127.0.0.0/8", "::1/128", "10.0.0.0/8"]).client_of(peer, headers) == client


def test_handshake_is_recognised_and_sound() -> None:
    """Tokens count whatever their case and company."""
    assert wants_upgrade(HANDSHAKE)
    assert fault_of(HANDSHAKE) is None
    assert not wants_upgrade(with_headers(upgrade="h2c"))
    assert not wants_upgrade(with_headers(connection="close"))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (with_headers(sec_websocket_version="8"), 426),
        (with_headers(sec_websocket_key="short"), 400),
        (with_headers(sec_websocket_key="ä" * 24), 400),
        (with_headers(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==\r\nX: y"), 400),
        (attrs.evolve(HANDSHAKE, method="POST"), 405),
    ],
)
def test_unsound_handshake_is_refused(request_: Request, status: int) -> None:
    """Each fault has its status."""
    fault = fault_of(request_)
    assert fault is not None
    assert fault.status == status


def test_listed_origins_and_no_pages_are_admitted() -> None:
    """Our preferred subprotocol is chosen."""
    assert ADMISSION.admit(with_headers(origin="https://play.example")) == Accept("msgpack")
    assert ADMISSION.admit(HANDSHAKE) == Accept("msgpack")
    assert ADMISSION.admit(with_headers(sec_websocket_protocol="json")) == Accept("json", is_text=True)
    assert Admission({"json": True}, Origins(frozenset("*"))).admit(with_headers(origin="https://x")) == Accept(
        "json", True
    )


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (with_headers(origin="https://evil.example"), 403),
        (with_headers(origin="null"), 403),
        (with_headers(origin="https://node:80.evil.example"), 403),
        (with_headers(sec_websocket_protocol="chat"), 400),
        (with_headers(sec_websocket_protocol=""), 400),
        (attrs.evolve(HANDSHAKE, path="/ws/"), 404),
        (attrs.evolve(HANDSHAKE, path="/ws/a/b"), 404),
        (attrs.evolve(HANDSHAKE, path="/ws/Bay"), 404),
        (attrs.evolve(HANDSHAKE, path="/ws/bay\n"), 404),
        (attrs.evolve(HANDSHAKE, path="/ws/" + "x" * 65), 404),
    ],
)
def test_others_are_not_admitted(request_: Request, status: int) -> None:
    """Foreign origins, unknown subprotocols and paths that name no world are refused, each with its status."""
    decision = ADMISSION.admit(request_)
    assert isinstance(decision, Response)
    assert decision.status == status


def test_world_is_named_by_the_path() -> None:
    """The name is what stands behind /ws/."""
    assert world_of(HANDSHAKE) == "bay.1"


async def test_routes_prefer_the_exact_then_the_longest() -> None:
    """An exact path beats prefixes, a longer prefix beats a shorter, nothing is 404."""

    async def named(request: Request) -> Response:
        return explain(200, request.query)

    async def other(request: Request) -> Response:
        return explain(201)

    routes = Routes({"/a": named}, {"/a": other, "/a/b": named})
    assert routes.find("GET", "/a") is named
    assert routes.find("GET", "/a/b/c") is named
    assert routes.find("GET", "/a/c") is other
    assert (await routes.find("GET", "/z")(HANDSHAKE)).status == 404


def get(path: str, **headers: str) -> Request:
    """A request for a file."""
    return Request("GET", path, "", {name.replace("_", "-"): value for name, value in headers.items()}, "")


async def test_files_are_served_with_type_tag_and_policy(tmp_path: Path) -> None:
    """A file comes with its type, an entity tag that answers 304, and the security headers."""
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "view.js").write_text("export {}")
    (tmp_path / "index.html").write_text("<p>")
    files = StaticFiles(tmp_path)
    script = await files(get("/js/view.js"))
    assert script.body == b"export {}"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "default-src 'self'" in script.headers["content-security-policy"]
    assert (await files(get("/"))).body == b"<p>"
    again = await files(get("/js/view.js", if_none_match=script.headers["etag"]))
    assert (again.status, again.body) == (304, b"")


async def test_changed_file_is_read_again(tmp_path: Path) -> None:
    """The copy in memory is good only for as long as the file has not changed."""
    page = tmp_path / "index.html"
    page.write_text("old")
    files = StaticFiles(tmp_path)
    assert (await files(get("/index.html"))).body == b"old"
    page.write_text("newer")
    assert (await files(get("/index.html"))).body == b"newer"
    page.unlink()
    assert (await files(get("/index.html"))).status == 404


@pytest.mark.parametrize(
    "path", ["/../secret", "/a/../../secret", "//etc/passwd", "/link", "/a", "/\0", "/a/\n", "/..", "/" + "x" * 5000]
)
async def test_nothing_outside_the_root_is_served(tmp_path: Path, path: str) -> None:
    """Dots, links, absolute paths, directories and impossible names all end in 404."""
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    assert (await StaticFiles(root)(get(path))).status == 404


@pytest.mark.parametrize("subprotocol", [None, "json"])
def test_a_handshake_is_answered_as_the_rfc_does(subprotocol: str | None) -> None:
    """The key of its example gives the acceptance of its example; a subprotocol is named if there is one."""
    head = welcome(HANDSHAKE, subprotocol).decode()
    assert head.startswith("HTTP/1.1 101 ")
    assert "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    assert head.endswith("\r\n\r\n")
    assert ("sec-websocket-protocol: json" in head) == (subprotocol is not None)
