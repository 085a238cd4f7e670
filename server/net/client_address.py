"""Who a client is, when proxies stand in between. Pure.

Invariant: an address that only the client vouches for is never believed; hops are peeled off from the
right for as long as they are trusted, and the first that is not is the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

import attrs

_Address: TypeAlias = IPv4Address | IPv6Address
_Network: TypeAlias = IPv4Network | IPv6Network


def _networks(texts: Sequence[str]) -> tuple[_Network, ...]:
    return tuple(ip_network(text) for text in texts)


@attrs.frozen
class TrustedProxies:
    """Networks of proxies; ``TrustedProxies(["10.0.0.0/8"])``."""

    networks: tuple[_Network, ...] = attrs.field(converter=_networks)

    def client_of(self, peer: str, headers: Mapping[str, str]) -> str:
        """The client's address, given the socket's peer and the request's headers."""
        client = _parse(peer)
        if client is None or not self._trusts(client):
            return peer
        for hop in reversed(_hops(headers)):
            address = _parse(hop)
            if address is None:
                break
            client = address
            if not self._trusts(client):
                break
        return str(client)

    def trusts(self, address: str) -> bool:
        """Whether an address is a trusted proxy's."""
        parsed = _parse(address)
        return parsed is not None and self._trusts(parsed)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self.networks)


def _hops(headers: Mapping[str, str]) -> list[str]:
    """Addresses named by the proxies, the client's first."""
    if "x-forwarded-for" in headers:
        return headers["x-forwarded-for"].split(",")
    return [_for_of(element) for element in headers.get("forwarded", "").split(",")]


def _for_of(element: str) -> str:
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""


def _parse(text: str) -> _Address | None:
    """An address, with or without port and brackets; IPv4 in IPv6 clothes counts as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
