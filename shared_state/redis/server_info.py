"""What a server says of itself in HELLO and INFO, and whether it is fit to hold a world. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.store import ServerInfo

MIN_MAJOR_VERSION = 7


def check_hello(said: Mapping[bytes, object], *, clustered: bool) -> None:
    """Refuses a server that is not what the URL says, by its answer to HELLO. Raises: StoreUnavailable."""
    mode = said.get(b"mode")
    if mode == b"sentinel":
        raise StoreUnavailable("this is a Sentinel: the store URL has to begin with redis+sentinel://")
    if clustered and mode != b"cluster":
        raise StoreUnavailable("this is no node of a cluster: the store URL has to begin with redis://")
    if not clustered and mode == b"cluster":
        raise StoreUnavailable("this is a node of a cluster: the store URL has to begin with redis+cluster://")
    if said.get(b"role") != b"master":
        raise StoreUnavailable("this is a replica, not the primary")


def explain_greeting(refusal: StoreError) -> StoreUnavailable:
    """Why a server did not take HELLO."""
    text = str(refusal)
    if text.startswith(("ERR unknown command", "NOPROTO", "ERR wrong number")):
        return StoreUnavailable(f"the store does not speak RESP3, Redis 7.0 or Valkey is needed ({text})")
    return StoreUnavailable(text)


def parse_info(text: str) -> dict[str, str]:
    """Fields of an INFO reply."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def describe(fields: dict[str, str]) -> ServerInfo:
    """Kind, version, and processor time of all threads, from the sections ``server`` and ``cpu``."""
    kind = "valkey" if "valkey_version" in fields else "redis"
    version = fields.get("valkey_version") or fields.get("redis_version", "")
    cpu_s = float(fields.get("used_cpu_user", 0)) + float(fields.get("used_cpu_sys", 0))
    return ServerInfo(kind, version, cpu_s)


def check_fit(fields: dict[str, str]) -> None:
    """Refuses a server that cannot keep a world's promises. Raises: StoreError."""
    server = describe(fields)
    if int(server.version.partition(".")[0] or 0) < MIN_MAJOR_VERSION:
        raise StoreError(f"{server.kind} {server.version} is too old: version {MIN_MAJOR_VERSION}.0 or later is needed")
    policy = fields.get("maxmemory_policy", "noeviction")
    if fields.get("maxmemory", "0") != "0" and policy != "noeviction":
        raise StoreError(f"the store may evict keys (maxmemory-policy {policy}): set it to noeviction")
