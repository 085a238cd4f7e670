"""The WebSocket handshake: is a request one, is it sound, and what is the answer. Pure.

Invariant: what ``fault_of`` passes can be welcomed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from server.net.http import Request, Response, explain

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Of RFC 6455, section 1.3."""

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


def welcome(request: Request, subprotocol: str | None) -> bytes:
    """The answer to a sound handshake that was accepted."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "connection: upgrade",
        "upgrade: websocket",
        f"sec-websocket-accept: {_acceptance(request.headers['sec-websocket-key'])}",
    ]
    if subprotocol is not None:
        lines.append(f"sec-websocket-protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _acceptance(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()).decode("ascii")


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False
