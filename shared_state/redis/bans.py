"""The port of bans on Redis or Valkey: each method is one script, and its reply made a value."""

from __future__ import annotations

import secrets

import attrs

from shared_state.bans import MAX_REASON_CHARS, MOST_BANS, Ban, BanBook, Subject
from shared_state.redis import scripts
from shared_state.redis.keys import BAN_KEYS, DIRECTORY
from shared_state.redis.topology import Topology
from shared_state.ttl import ttl_us


@attrs.frozen(eq=False)
class RedisBans:
    """The bans of one store."""

    topology: Topology

    async def ban(self, subject: Subject, reason: str = "", ttl_s: float | None = None) -> bool:
        """See ``Bans.ban``."""
        lasts = "" if ttl_s is None else ttl_us(ttl_s)
        arguments = (subject, reason[:MAX_REASON_CHARS], lasts, MOST_BANS, _fresh_stamp())
        return bool(await scripts.BAN_PUT.run(self.topology.link_for(DIRECTORY), BAN_KEYS, *arguments))

    async def lift(self, subject: Subject) -> bool:
        """See ``Bans.lift``."""
        link = self.topology.link_for(DIRECTORY)
        return bool(await scripts.BAN_LIFT.run(link, BAN_KEYS, subject, _fresh_stamp()))

    async def changed(self, known: str) -> BanBook | None:
        """See ``Bans.changed``."""
        link = self.topology.link_for(DIRECTORY)
        reply = await scripts.BAN_READ.run(link, BAN_KEYS, known, _fresh_stamp())
        if reply is None:
            return None
        stamp, reasons, ends = reply
        until_ms = {subject: int(float(end_us)) // 1000 for subject, end_us in _pairs(ends)}
        bans = (
            Ban(Subject(_text(subject)), _text(reason), until_ms.get(subject, 0)) for subject, reason in _pairs(reasons)
        )
        return BanBook(_text(stamp), tuple(bans))


def _fresh_stamp() -> str:
    return secrets.token_hex(8)


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _text(stored: bytes) -> str:
    return stored.decode(errors="replace")
