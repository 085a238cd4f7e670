"""The port through which a node learns who a player is. Values and a protocol only."""

from __future__ import annotations

from typing import Protocol

import attrs

from shared_state.outcome import Rejection


@attrs.frozen
class Passport:
    """Who somebody is.

    Args:
        player: what bans and resumes go by, the same whenever the player comes; empty: nobody in particular.
        name: to be called by; empty: what the player says.
    """

    player: str = ""
    name: str = ""


class Authority(Protocol):
    """Judges credentials."""

    def judge(self, credentials: str) -> Passport | Rejection:
        """Who the bearer is. At once, without I/O, and without an error, whatever the credentials are."""


@attrs.frozen
class Anybody:
    """Lets in all, as nobody in particular."""

    def judge(self, credentials: str) -> Passport | Rejection:
        """See ``Authority.judge``; does not look at the credentials."""
        return Passport()
