"""Where a store server is and how to introduce oneself: from a URL to an open socket.

URLs are redis-py's (``redis://``, ``rediss://``, ``unix://``), read by redis-py. Must not know: what travels.
"""

from __future__ import annotations

import socket
from typing import Any

import attrs
import trio
from redis.connection import SSLConnection, parse_url

from shared_state.errors import StoreError


@attrs.frozen
class StoreAddress:
    """One server: a unix socket ``path``, or ``host`` and ``port``."""

    host: str
    port: int
    path: str
    db: int
    username: str
    password: str = attrs.field(repr=False)
    client_name: str

    @classmethod
    def from_url(cls, url: str, client_name: str = "oarlock") -> StoreAddress:
        """The address in a URL. Raises: StoreError, when it is none, or asks for what the link cannot do."""
        try:
            parts: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise StoreError(f"store URL: {error}") from None
        if parts.get("connection_class") is SSLConnection:
            raise StoreError("store URL: rediss:// (TLS) is not supported yet; use redis:// or unix://")
        return cls(
            host=parts.get("host", "localhost"),
            port=parts.get("port", 6379),
            path=parts.get("path", ""),
            db=parts.get("db", 0),
            username=parts.get("username", "default"),
            password=parts.get("password", ""),
            client_name=parts.get("client_name", client_name),
        )

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    def greeting(self) -> list[tuple[str | int, ...]]:
        """The commands that a connection opens with."""
        hello: tuple[str | int, ...] = ("HELLO", 3)
        if self.password:
            hello += ("AUTH", self.username, self.password)
        hello += ("SETNAME", self.client_name)
        return [hello, ("SELECT", self.db)] if self.db else [hello]

    async def open_socket(self) -> socket.socket:
        """A connected, non-blocking socket of our own. Raises: OSError."""
        if self.path:
            stream = await trio.open_unix_socket(self.path)
        else:
            stream = await trio.open_tcp_stream(self.host, self.port)
        # A plain socket: the link sends without blocking and waits with lowlevel.wait_readable.
        connected = socket.socket(fileno=stream.socket.detach())
        connected.setblocking(False)
        return connected
