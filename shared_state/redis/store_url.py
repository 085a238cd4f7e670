"""A store's URL, whatever stands behind it: one server, Sentinels that know the primary, or a cluster. Pure.

* ``redis://``, ``rediss://``, ``unix://``: one server, as redis-py reads them.
* ``redis+sentinel://HOST:PORT,HOST:PORT/NAME[/DB]``: the primary that these Sentinels call NAME.
* ``redis+cluster://HOST:PORT,HOST:PORT``: the cluster that these nodes belong to.

``rediss+...`` is the same over TLS. User and password are the servers'; a Sentinel's own are the options
``sentinel_username`` and ``sentinel_password``.
"""

from __future__ import annotations

import enum
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import attrs

from shared_state.errors import StoreError
from shared_state.redis.address import PORT, StoreAddress

SENTINEL_PORT = 26379
FORMS = (
    "redis://HOST:PORT/DB, rediss://..., unix:///PATH, redis+sentinel://HOST:PORT,.../NAME or "
    "redis+cluster://HOST:PORT,..."
)


class Shape(enum.Enum):
    """What stands behind a URL."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@attrs.frozen
class StoreUrl:
    """What a URL says.

    Args:
        addresses: the server, the Sentinels, or some nodes of the cluster; user and password are the servers'.
        primary: what the Sentinels call it.
        sentinel_user, sentinel_password: the Sentinels' own; empty: they ask for none.
    """

    shape: Shape
    addresses: tuple[StoreAddress, ...]
    primary: str = ""
    sentinel_user: str = ""
    sentinel_password: str = attrs.field(default="", repr=False)


def read_store_url(url: str, client_name: str) -> StoreUrl:
    """What a URL says. Raises: StoreError, when it is none; the text has no secret."""
    scheme, _, _ = url.partition("://")
    base, plus, shape = scheme.partition("+")
    if not plus and base in ("redis", "rediss", "unix"):
        return StoreUrl(Shape.SERVER, (StoreAddress.from_url(url, client_name),))
    if base not in ("redis", "rediss") or shape not in ("sentinel", "cluster"):
        raise StoreError(f"store URL: it has to be {FORMS}")
    parts = urlsplit(url)
    return _sentinel(parts, base, client_name) if shape == "sentinel" else _cluster(parts, base, client_name)


def _sentinel(parts: SplitResult, base: str, client_name: str) -> StoreUrl:
    name, _, db = parts.path.strip("/").partition("/")
    if not name:
        raise StoreError("store URL: the name that the Sentinels have for the primary is missing: .../NAME")
    options = dict(parse_qsl(parts.query))
    user, password = options.pop("sentinel_username", ""), options.pop("sentinel_password", "")
    addresses = _addresses(parts, base, f"/{db}", options, client_name, SENTINEL_PORT)
    return StoreUrl(Shape.SENTINEL, addresses, name, user, password)


def _cluster(parts: SplitResult, base: str, client_name: str) -> StoreUrl:
    if parts.path.strip("/") not in ("", "0"):
        raise StoreError("store URL: a cluster has no databases but 0")
    addresses = _addresses(parts, base, "", dict(parse_qsl(parts.query)), client_name, PORT)
    return StoreUrl(Shape.CLUSTER, tuple(attrs.evolve(address, clustered=True) for address in addresses))


def _addresses(
    parts: SplitResult, base: str, path: str, options: dict[str, str], client_name: str, port: int
) -> tuple[StoreAddress, ...]:
    """One address for each host; all are introduced to in the same way."""
    user, at, hosts = parts.netloc.rpartition("@")
    query = f"?{urlencode(options)}" if options else ""
    urls = (f"{base}://{user}{at}{host}{path}{query}" for host in hosts.split(",") if host)
    addresses = tuple(StoreAddress.from_url(url, client_name, port) for url in urls)
    if not addresses:
        raise StoreError(f"store URL: it names no host; it has to be {FORMS}")
    return addresses
