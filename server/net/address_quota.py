"""How much one address may take: connections at once, and requests over time. Pure; the clock is an argument.

An address is that of the client itself: behind a trusted proxy, the one that the proxy names. IPv6 addresses count by
their /64, which is what one customer gets. Trusted proxies, and clients on their networks, have no quota.
Invariant: who left takes no place; of requests, at most ``MOST_REMEMBERED`` addresses are remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

import attrs

from server.budget import Budget
from server.net.client_address import TrustedProxies
from server.net.limits import Limits

MOST_REMEMBERED = 10_000
_PREFIX_BITS = 64


@attrs.define(eq=False)
class Guest:
    """One accepted socket. ``is_welcome``: its address had a connection left.

    Args:
        peer: the address of the socket; a client's own, or a proxy's.
    """

    quota: AddressQuota
    peer: str
    is_welcome: bool = attrs.field(init=False)
    _held: list[str] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        self.is_welcome = self._hold(self.peer)

    def may_ask(self, client: str, now_s: float, cost: float = 1.0) -> bool:
        """Whether the client's address has so many requests left; spends them."""
        return self.quota.spend(client, now_s, cost)

    def may_stay(self, client: str) -> bool:
        """Whether the client's address has a connection left; holds it. The socket's own is held already."""
        return client == self.peer or self._hold(client)

    def leave(self) -> None:
        """Gives back what it holds."""
        for key in self._held:
            self.quota.give_back(key)
        self._held.clear()

    def _hold(self, address: str) -> bool:
        key = self.quota.hold(address)
        if key:
            self._held.append(key)
        return key is not None


@attrs.define(eq=False)
class AddressQuota:
    """The quota of every address."""

    limits: Limits
    _proxies: TrustedProxies = attrs.field(init=False)
    _open: Counter[str] = attrs.field(init=False, factory=Counter)
    # In order of first use, so that the longest known make room.
    _requests: dict[str, Budget] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._proxies = TrustedProxies(self.limits.trusted_proxies)

    @contextmanager
    def guest(self, peer: str) -> Iterator[Guest]:
        """Counts an accepted socket while the context is open."""
        guest = Guest(self, peer)
        try:
            yield guest
        finally:
            guest.leave()

    def hold(self, address: str) -> str | None:
        """Takes a connection. Returns: what to give back, empty for an address without quota; None if none is left."""
        if self._proxies.trusts(address):
            return ""
        key = key_of(address)
        if self._open[key] >= self.limits.max_per_address:
            return None
        self._open[key] += 1
        return key

    def give_back(self, key: str) -> None:
        """Frees a connection that was held."""
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]

    def spend(self, address: str, now_s: float, cost: float = 1.0) -> bool:
        """Takes so many requests, if the address has as many left."""
        if self._proxies.trusts(address):
            return True
        key = key_of(address)
        budget = self._requests.get(key)
        if budget is None:
            if len(self._requests) >= MOST_REMEMBERED:
                del self._requests[next(iter(self._requests))]
            budget = self._requests[key] = Budget(self.limits.requests_per_s, self.limits.requests_burst)
        return budget.take(now_s, cost)


def key_of(address: str) -> str:
    """What an address counts as."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _PREFIX_BITS << _PREFIX_BITS)}/{_PREFIX_BITS}"
