"""Whether somebody may play here: credentials first, then bans. Pure but for what it is given.

Invariant: whoever is let in was judged by the newest keys and bans that this node knows, also on a resume.
"""

from __future__ import annotations

import attrs

from server.identity.passport import Anybody, Authority, Passport
from shared_state.bans import BanBook
from shared_state.outcome import Rejection

BANNED = "banned"


@attrs.define(eq=False)
class Gate:
    """The gate of a node. ``bans``: replaced as they change."""

    authority: Authority = attrs.field(factory=Anybody)
    bans: BanBook = attrs.field(factory=BanBook)

    def admit(self, credentials: str, address: str) -> Passport | Rejection:
        """Who comes from that address with these credentials, or why not."""
        passport = self.authority.judge(credentials)
        if isinstance(passport, Rejection):
            return passport
        return self.bars(passport.player, address) or passport

    def bars(self, player: str, address: str) -> Rejection | None:
        """Why a player may not be here; None: it may."""
        ban = self.bans.of_player(player) or self.bans.of_address(address)
        return Rejection(BANNED, ban.reason or "you are banned") if ban is not None else None
