"""What an operator can set: defaults here, then a TOML file, then ``OARLOCK_*`` variables, then options."""

from __future__ import annotations

from typing import Any

import attrs
import click
import typed_settings as ts

from server.errors import UsageError
from server.net.client_address import TrustedProxies
from server.net.limits import Limits
from server.net.origins import check_origin
from shared_state.committer import CommitLimits

LONG_S = 1e6
RESERVED_DESCRIPTORS = 64
"""For the store, logs, files, and clients that are told that the node is full."""


def _bounded(default: float, low: float, high: float, text: str) -> Any:
    """An option from ``low`` to ``high``: click explains a breach to the operator, the validator catches the rest."""

    def check(_settings: object, attribute: attrs.Attribute[float], value: float) -> None:
        if not low <= value <= high:
            raise ValueError(f"{attribute.name} is {value}: it must be from {low:g} to {high:g}")

    bounds = click.IntRange(int(low), int(high)) if isinstance(default, int) else click.FloatRange(low, high)
    return ts.option(default=default, validator=check, help=text, click={"type": bounds})


def check_proxies(networks: tuple[str, ...]) -> None:
    """Raises: UsageError, when one is no network."""
    try:
        TrustedProxies(networks)
    except ValueError as error:
        raise UsageError(f"proxies: {error}") from None


@ts.settings(frozen=True)
class WorldConfig:
    """How this node serves worlds."""

    flush_hz: float = _bounded(20.0, 0.1, 1000, "Most updates a second to each client.")
    commit_pause_s: float = _bounded(0.025, 0, 1, "Longest wait of a command for others to commit with.")
    digest_every_s: float = _bounded(2.0, 0, LONG_S, "How often clients are sent content checks.")
    slow_limit_s: float = _bounded(10.0, 0, LONG_S, "How long a client may fail to read before it is closed.")
    store_limit_s: float = _bounded(20.0, 0.1, LONG_S, "How long players are kept while the store does not answer.")
    join_limit_s: float = _bounded(4.0, 0, LONG_S, "How long a connection may take to join.")
    grace_s: float = _bounded(15.0, 0.0, 3600.0, "How long a player may be away before the avatar leaves the world.")
    linger_s: float = _bounded(5.0, 0, LONG_S, "How long a world stays open after its last local player.")
    log_length: int = _bounded(10_000, 1, 1e9, "Versions kept in a world's log (about).")

    def commit_limits(self) -> CommitLimits:
        """The committer's bounds."""
        return CommitLimits(pause_s=self.commit_pause_s, log_length=self.log_length)


@ts.settings(frozen=True)
class WorldsConfig:
    """Which worlds there may be."""

    on_demand: bool = ts.option(default=True, help="Clients may make worlds by opening or asking for them.")
    most: int = _bounded(1000, 1, 1e6, "Most worlds in the directory.")
    seats: int = _bounded(0, 0, 1e6, "Players in one world, all nodes together; 0: as the game says.")
    reserve_s: float = _bounded(15.0, 0.1, 300, "How long a seat is held for a player who asked for it.")


@ts.settings(frozen=True)
class ClientsConfig:
    """What this node grants its clients (docs/operations.md has the whole table)."""

    connections: int = _bounded(10_000, 1, 1e6, "Clients at once; descriptors permitting.")
    per_address: int = _bounded(500, 1, 1e6, "Clients at once from one address.")
    requests_per_s: float = _bounded(50.0, 0.1, 1e6, "Requests and handshakes a second from one address.")
    requests_burst: float = _bounded(400.0, 1, 1e6, "The same at once.")
    message_bytes: int = _bounded(65_536, 1024, 1 << 24, "Largest message from a client.")
    backlog_bytes: int = _bounded(1 << 20, 65_536, 1 << 30, "Most bytes kept for a client that does not read.")
    proxies: tuple[str, ...] = ts.option(
        default=Limits().trusted_proxies,
        help="Networks of proxies whose word on a client's address counts.",
    )

    def limits(self, descriptors: int) -> Limits:
        """The bounds of the network front, in a process that may have so many descriptors. Raises: UsageError."""
        check_proxies(self.proxies)
        return Limits(
            max_connections=max(1, min(self.connections, descriptors - RESERVED_DESCRIPTORS)),
            max_per_address=self.per_address,
            requests_per_s=self.requests_per_s,
            requests_burst=self.requests_burst,
            max_message_bytes=self.message_bytes,
            max_backlog_bytes=self.backlog_bytes,
            trusted_proxies=self.proxies,
        )


@ts.settings(frozen=True)
class DrainConfig:
    """How this node goes away."""

    lead_s: float = _bounded(2.0, 0, 300, "How long a draining node serves on, until proxies know that it is.")
    moves_hz: float = _bounded(100.0, 1, 1e5, "How many players a second it asks to move.")
    patience_s: float = _bounded(3.0, 0, 300, "How long a player may take to follow before it is closed.")
    limit_s: float = _bounded(15.0, 0.1, 3600, "How long all of it may take; then the rest is closed.")


@ts.settings(frozen=True)
class IdentityConfig:
    """Who players are: anybody, or who a token (JWT: HS256, RS256, ES256) says."""

    keys: str = ts.option(
        default="",
        help="File with the keys of tokens: a JWKS, a public key in PEM, or a secret; none: players need no token.",
    )
    audience: str = ts.option(default="", help="What tokens must be made for; none: they may name no audience.")
    issuer: str = ts.option(default="", help="Who must have made tokens; none: whoever has a key.")
    leeway_s: float = _bounded(10.0, 0, 300, "How far the clocks of nodes and issuer may be apart.")


@ts.settings(frozen=True)
class NodeConfig:
    """One node."""

    name: str = ts.option(default="node", help="Name of this node, shown to players.")
    bind: str = ts.option(default="127.0.0.1:8000", help="Address and port to listen on.")
    store: str = ts.option(
        default="redis://127.0.0.1:6379/0",
        help="URL of the store: redis://, rediss://, unix://, redis+sentinel://, redis+cluster://.",
    )
    durability: str = ts.option(
        default="memory", help="What holds a commit when it is acknowledged: memory, replica[:COUNT], disk[:REPLICAS]."
    )
    game: str = ts.option(default="flotsam", help="The game: module:attribute, or one that ships.")
    origins: tuple[str, ...] = ts.option(
        default=(),
        help="Origins that pages may connect from, as https://play.example, https://*.example, or * for all;"
        " none: the host that they connect to.",
    )
    log_json: bool = ts.option(default=False, help="Write logs as JSON lines.")
    world: WorldConfig = WorldConfig()
    worlds: WorldsConfig = WorldsConfig()
    clients: ClientsConfig = ClientsConfig()
    drain: DrainConfig = DrainConfig()
    identity: IdentityConfig = IdentityConfig()

    def check(self) -> None:
        """Raises: UsageError, for what no single option can tell."""
        if (self.identity.audience or self.identity.issuer) and not self.identity.keys:
            raise UsageError("identity: an audience or issuer without keys would let in everybody")
        for origin in self.origins:
            try:
                check_origin(origin)
            except ValueError as error:
                raise UsageError(f"origins: {error}") from None
