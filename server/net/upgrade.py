"""The WebSocket handshake as a request: is it one, is it sound, and how it is put to trio-websocket.

trio-websocket gets the handshake in our own words, so that no header of a client can trip its parser (a host name that
is no valid IDNA raises in its reader). Pure. Invariant: what ``fault_of`` passes, trio-websocket accepts.
"""

from __future__ import annotations

import base64
import binascii

from server.net.http import Request, Response, explain

_VERSION = "13"
_KEY_BYTES = 16


def wants_upgrade(request: Request) -> bool:
    """Whether the client asks to speak WebSocket."""
    return "upgrade" in tokens(request, "connection") and "websocket" in tokens(request, "upgrade")


def tokens(request: Request, header: str) -> list[str]:
    """The lower-case items of a comma-separated header."""
    return [item.strip().lower() for item in request.headers.get(header, "").split(",") if item.strip()]


def fault_of(request: Request) -> Response | None:
    """The refusal of an unsound handshake; None if it is sound."""
    if request.method != "GET":
        return explain(405, "a WebSocket handshake is a GET", {"allow": "GET"})
    if request.headers.get("sec-websocket-version") != _VERSION:
        return explain(426, "WebSocket version 13 is spoken here", {"sec-websocket-version": _VERSION})
    if not _is_key(request.headers.get("sec-websocket-key", "")):
        return explain(400, "sec-websocket-key must be 16 bytes in base64")
    return None


def head_for_library(request: Request, subprotocol: str | None) -> bytes:
    """A sound handshake, reduced to what decides the answer."""
    lines = [
        "GET / HTTP/1.1",
        "host: node",
        "connection: upgrade",
        "upgrade: websocket",
        f"sec-websocket-version: {_VERSION}",
        f"sec-websocket-key: {request.headers['sec-websocket-key']}",
    ]
    if subprotocol is not None:
        lines.append(f"sec-websocket-protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
