"""Asks Sentinels and nodes of a cluster where the primaries are, with redis-py. Blocks: run it in a worker thread.

Must not know: worlds, links. Invariant: what it raises has no secret in its text (redis-py's own may).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from shared_state.errors import StoreUnavailable
from shared_state.redis.address import StoreAddress
from shared_state.redis.store_url import StoreUrl

ANSWER_S = 1.0
"""How long one of them may take to connect, and to answer."""


@attrs.frozen
class SlotRange:
    """Slots from ``first`` to ``last``, and the primary that serves them."""

    first: int
    last: int
    primary: StoreAddress


@attrs.frozen
class ClusterMap:
    """Who serves which slots, as one node of a cluster sees it; ``nodes`` has replicas too."""

    ranges: tuple[SlotRange, ...]
    nodes: tuple[StoreAddress, ...]


def find_primary(url: StoreUrl) -> StoreAddress:
    """The primary, as the first Sentinel says that answers. Raises: StoreUnavailable."""
    like = url.addresses[0]
    own = {"username": url.sentinel_user or None, "password": url.sentinel_password or None}
    hosts = [(sentinel.host, sentinel.port) for sentinel in url.addresses]
    sentinel: Any = Sentinel(hosts, sentinel_kwargs=_options(like) | own)  # type: ignore[no-untyped-call]
    try:
        host, port = sentinel.discover_master(url.primary)
    except MasterNotFoundError as error:
        raise StoreUnavailable(_no_primary(url, str(error))) from None
    except RedisError as error:
        raise StoreUnavailable(f"a Sentinel refuses to answer: {error}") from None
    finally:
        for client in sentinel.sentinels:
            client.close()
    return like.at(host, int(port))


def read_map(nodes: Iterable[StoreAddress]) -> ClusterMap:
    """The map of the first node that answers. Raises: StoreUnavailable, with the last one's reason."""
    trouble = "it has no nodes"
    for node in nodes:
        try:
            return _ask(node)
        except RedisError as error:
            trouble = f"{node}: {error}"
    raise StoreUnavailable(f"no node of the cluster says who serves what: {trouble}")


def _no_primary(url: StoreUrl, reason: str) -> str:
    """redis-py's reason has each connection in it; only the kind of trouble is taken from it."""
    if "Authentication" in reason:
        return "the Sentinels want another user or password (sentinel_username, sentinel_password)"
    asked = ", ".join(map(str, url.addresses))
    silent = " and some do not answer" if "ConnectionError" in reason or "TimeoutError" in reason else ""
    return f"no Sentinel at {asked} knows a primary called {url.primary} that is up{silent}"


def _ask(node: StoreAddress) -> ClusterMap:
    with Redis(
        host=node.host, port=node.port, username=node.username, password=node.password or None, **_options(node)
    ) as client:
        said: Any = client.execute_command("CLUSTER SLOTS")
    ranges, nodes = [], []
    for first, last, *servers in said:
        # A node that knows no name for itself leaves it out.
        primary, *replicas = [node.at(host.decode() or node.host, port) for host, port, *_ in servers]
        ranges.append(SlotRange(first, last, primary))
        nodes += [primary, *replicas]
    return ClusterMap(tuple(ranges), tuple(dict.fromkeys(nodes)))


def _options(like: StoreAddress) -> dict[str, Any]:
    """How redis-py connects as the link does."""
    # Who asks comes again by himself, and elsewhere.
    once = Retry(NoBackoff(), 0)
    options: dict[str, Any] = {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S, "retry": once}
    if like.tls is not None:
        options |= {name: value for name, value in attrs.asdict(like.tls.files).items() if value != ""} | {"ssl": True}
    return options
