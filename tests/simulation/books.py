"""Books that the watched store keeps of leases and of sessions' rows, apart from the model, so that it can be checked.

A token must rise for ever, also over a rollback; a lease has one holder. A row that somebody else than its session
removes must have stood unchanged for the grace period, away or under a node that was not heard of.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from shared_state.names import SessionId
from shared_state.store import LeaseGrant


@attrs.frozen
class Hold:
    """Who holds a lease, under which token, until when by the store's clock."""

    owner: str = ""
    token: int = 0
    until_us: int = 0


@attrs.define(eq=False)
class LeaseBook:
    """What was granted. ``holds`` goes back with the store, the ``highest`` tokens do not."""

    holds: dict[str, Hold] = attrs.field(factory=dict)
    highest: dict[str, int] = attrs.field(factory=dict)
    breaches: list[str] = attrs.field(factory=list)

    def took(self, name: str, hold: Hold, now_us: int) -> None:
        """A lease was granted."""
        before = self.holds.get(name, Hold())
        if before.owner != hold.owner and before.until_us > now_us:
            self.breaches.append(f"{hold.owner} took {name}, which {before.owner} holds")
        if hold.token <= self.highest.get(name, 0):
            self.breaches.append(f"token {hold.token} of {name} again, or out of order")
        self.holds[name] = hold
        self.highest[name] = max(hold.token, self.highest.get(name, 0))

    def used(self, what: str, grant: LeaseGrant, until_us: int, now_us: int) -> None:
        """A holder renewed or released."""
        if not self.is_held(grant.name, grant.token, now_us):
            self.breaches.append(f"{grant.owner} {what} {grant.name}, which it had lost")
        self.holds[grant.name] = Hold(grant.owner, grant.token, until_us)

    def wrote(self, guards: Mapping[str, int], now_us: int) -> None:
        """A transaction took effect under leases."""
        for name, token in guards.items():
            if not self.is_held(name, token, now_us):
                self.breaches.append(f"a write under token {token} of {name}, which was lost")

    def is_held(self, name: str, token: int, now_us: int) -> bool:
        """Whether a token is the one that counts."""
        hold = self.holds.get(name, Hold())
        return hold.token == token and hold.until_us > now_us


@attrs.frozen
class Row:
    """A session's row, and since when it was as it is."""

    content: bytes
    since_s: float


@attrs.frozen
class Removal:
    """A row that went."""

    session: SessionId
    row: Row
    at_s: float


@attrs.define(eq=False)
class RowBook:
    """The rows that stand, and those that went."""

    rows: dict[SessionId, Row] = attrs.field(factory=dict)
    removals: list[Removal] = attrs.field(factory=list)

    def compare(self, stored: Mapping[str, bytes], now_s: float) -> None:
        """Writes down what changed."""
        for session in [session for session in self.rows if session not in stored]:
            self.removals.append(Removal(session, self.rows.pop(session), now_s))
        for name, content in stored.items():
            known = self.rows.get(SessionId(name))
            if known is None or known.content != content:
                self.rows[SessionId(name)] = Row(content, now_s)
