"""What a server says of itself in INFO: its kind, version, processor time, and whether it is fit to hold a world."""

from __future__ import annotations

from shared_state.errors import StoreError
from shared_state.store import ServerInfo

MIN_MAJOR_VERSION = 7


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
