"""One store server: where it is, how to introduce oneself, and an open socket to it.

URLs of one server are redis-py's (``redis://``, ``rediss://``, ``unix://``), read by redis-py; ``store_url`` adds those
of Sentinel and Cluster. Must not know: what travels. Invariant: no text made here contains a secret.
"""

from __future__ import annotations

import socket
from typing import Any, Protocol

import attrs
import trio
from redis.connection import SSLConnection, parse_url

from shared_state.errors import StoreError
from shared_state.redis.tls import Tls, TlsFiles, encrypt

PORT = 6379
_TLS_OPTIONS = {field.name for field in attrs.fields(TlsFiles)}
_OPTIONS = {"host", "port", "path", "db", "username", "password", "client_name", "connection_class"} | _TLS_OPTIONS


class Whereabouts(Protocol):
    """Where a link connects to; asked anew for every connection, since the primary may be elsewhere by then."""

    async def find(self) -> StoreAddress:
        """The server to connect to. Raises: StoreUnavailable."""


@attrs.frozen
class StoreAddress:
    """One server: a unix socket ``path``, or ``host`` and ``port``.

    Args:
        tls: how to encrypt; None: not at all.
        clustered: whether it is expected to be a node of a cluster.
    """

    host: str
    port: int
    path: str
    db: int
    username: str
    password: str = attrs.field(repr=False)
    client_name: str
    tls: Tls | None = None
    clustered: bool = False

    @classmethod
    def from_url(cls, url: str, client_name: str = "oarlock", default_port: int = PORT) -> StoreAddress:
        """The address in a URL. Raises: StoreError, when it is none, or asks for what the link cannot do."""
        parts = _read(url)
        if unknown := sorted(parts.keys() - _OPTIONS):
            raise StoreError(f"store URL: there is no option {', '.join(unknown)}")
        encrypted = parts.get("connection_class") is SSLConnection
        tls_options = {name: value for name, value in parts.items() if name in _TLS_OPTIONS}
        if tls_options and not encrypted:
            raise StoreError("store URL: options named ssl_* are for rediss:// only")
        return cls(
            host=parts.get("host", "localhost"),
            port=parts.get("port", default_port),
            path=parts.get("path", ""),
            db=parts.get("db", 0),
            username=parts.get("username", "default"),
            password=parts.get("password", ""),
            client_name=parts.get("client_name", client_name),
            tls=Tls.load(TlsFiles(**tls_options)) if encrypted else None,
        )

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"

    def at(self, host: str, port: int) -> StoreAddress:
        """Another server that takes the same introduction."""
        return attrs.evolve(self, host=host, port=port)

    async def find(self) -> StoreAddress:
        """The server itself: it does not move."""
        await trio.lowlevel.checkpoint()
        return self

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
        return connected if self.tls is None else await encrypt(connected, self.tls.context, self.host)


def _read(url: str) -> dict[str, Any]:
    """A URL as redis-py reads it."""
    try:
        return dict(parse_url(url))  # type: ignore[no-untyped-call]
    except ValueError as error:
        # What urllib takes for a port may be the rest of a password.
        reason = str(error)
        if "Port" in reason:
            reason = "its port is no number up to 65535 (in a password, write / ? # @ : as %2F %3F %23 %40 %3A)"
        raise StoreError(f"store URL: {reason}") from None
