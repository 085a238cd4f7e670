"""Who may not play: the port that operators ban through and nodes learn it from, and the list as nodes look things up.

Guarantees of every implementation (the contract suite checks them):

* Each call is one atomic step. A ban holds from the end of ``ban`` until it is lifted or, by the store, ends.
* Every change gives the list another stamp, so a node that asks with the stamp it knows learns of all changes.
* There are at most ``MOST_BANS``.
* Errors: StoreUnavailable (it may have taken effect, and may simply be called again), StoreError (refused, no effect).

Must not know: connections, how a player proved who it is.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NewType, Protocol, TypeAlias

import attrs

from shared_state.errors import BadName

Subject = NewType("Subject", str)
"""``player:`` and an identity, or ``address:`` and a network."""
_Network: TypeAlias = IPv4Network | IPv6Network

MOST_BANS = 10_000
MAX_PLAYER_CHARS = 256
MAX_REASON_CHARS = 200
_PLAYER, _ADDRESS = "player:", "address:"
_IPV6_PREFIX = 64
"""One customer gets a /64, and may use any address of it."""


def is_player(text: str) -> bool:
    """Whether a text may be the identity of a player."""
    return 0 < len(text) <= MAX_PLAYER_CHARS and text.isprintable()


def player_subject(player: str) -> Subject:
    """A player, by the identity that its credentials prove. Raises: BadName."""
    if not is_player(player):
        raise BadName(f"a player's identity is 1 to {MAX_PLAYER_CHARS} printable characters")
    return Subject(_PLAYER + player)


def address_subject(text: str) -> Subject:
    """An address or a network (``10.1.0.0/16``); a single IPv6 address stands for its /64. Raises: BadName."""
    network = _network_of(text.strip())
    if network is None:
        raise BadName(f"{text[:80]!r} is no address or network")
    return Subject(_ADDRESS + str(network))


def read_subject(text: str) -> Subject:
    """``player:IDENTITY``, ``address:NETWORK``, an address or network, or else a player's identity. Raises: BadName."""
    if text.startswith(_PLAYER):
        return player_subject(text.removeprefix(_PLAYER))
    if text.startswith(_ADDRESS) or _network_of(text.strip()) is not None:
        return address_subject(text.removeprefix(_ADDRESS))
    return player_subject(text)


@attrs.frozen
class Ban:
    """Somebody who may not play. ``until_ms``: when it runs out, in ms since 1970; 0: never."""

    subject: Subject
    reason: str = ""
    until_ms: int = 0


def _by_player(book: BanBook) -> dict[str, Ban]:
    return {ban.subject.removeprefix(_PLAYER): ban for ban in book.bans if ban.subject.startswith(_PLAYER)}


def _by_network(book: BanBook) -> dict[_Network, Ban]:
    texts = ((ban.subject.removeprefix(_ADDRESS), ban) for ban in book.bans if ban.subject.startswith(_ADDRESS))
    return {network: ban for text, ban in texts if (network := _network_of(text)) is not None}


@attrs.frozen
class BanBook:
    """All bans under one stamp, made for looking up."""

    stamp: str = ""
    bans: tuple[Ban, ...] = ()
    _players: dict[str, Ban] = attrs.field(init=False, eq=False, default=attrs.Factory(_by_player, takes_self=True))
    _networks: dict[_Network, Ban] = attrs.field(
        init=False, eq=False, default=attrs.Factory(_by_network, takes_self=True)
    )

    def of_player(self, player: str) -> Ban | None:
        """The ban of a player; None for one who may play, and for nobody in particular (an empty identity)."""
        return self._players.get(player)

    def of_address(self, address: str) -> Ban | None:
        """The narrowest ban that an address is under; what is no address is under none."""
        host = _network_of(address, single=True)
        if host is None or not self._networks:
            return None
        lengths = sorted({network.prefixlen for network in self._networks if network.version == host.version})
        wider = (host.supernet(new_prefix=length) for length in reversed(lengths))
        return next((self._networks[network] for network in wider if network in self._networks), None)


class Bans(Protocol):
    """The port."""

    async def ban(self, subject: Subject, reason: str = "", ttl_s: float | None = None) -> bool:
        """Bans somebody; again, it replaces reason and end. False: the list is full.

        Args:
            reason: shown to the player; cut at ``MAX_REASON_CHARS``.
            ttl_s: for how long; None: for good.

        Raises: ValueError, for a time that is not above zero and finite.
        """

    async def lift(self, subject: Subject) -> bool:
        """Ends a ban; False: there is none."""

    async def changed(self, known: str) -> BanBook | None:
        """The list; None if it still has the stamp that is known."""


def _network_of(text: str, *, single: bool = False) -> _Network | None:
    """A network; a single address stands for itself (``single``) or, of IPv6, for its /64. IPv4 in IPv6 is IPv4."""
    bare = text.partition("%")[0]
    try:
        if "/" in bare:
            return ip_network(bare, strict=False)
        address = ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None and not single:
        return IPv6Network((address, _IPV6_PREFIX), strict=False)
    return ip_network(getattr(address, "ipv4_mapped", None) or address)
