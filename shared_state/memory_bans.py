"""Bans in this process, for tests and for games on one node: what the store's scripts do, on a clock that is given."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs
import trio

from shared_state.bans import MAX_REASON_CHARS, MOST_BANS, Ban, BanBook, Subject
from shared_state.ttl import ttl_us


@attrs.define(eq=False)
class MemoryBans:
    """A list that several nodes of a process may share. ``clock_us``: microseconds since 1970."""

    clock_us: Callable[[], int]
    _bans: dict[Subject, Ban] = attrs.field(factory=dict)
    _ends_us: dict[Subject, int] = attrs.field(factory=dict)
    _stamps: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))
    _stamp: str = ""

    async def ban(self, subject: Subject, reason: str = "", ttl_s: float | None = None) -> bool:
        """See ``Bans.ban``."""
        lasts_us = None if ttl_s is None else ttl_us(ttl_s)
        await trio.lowlevel.checkpoint()
        if subject not in self._bans and len(self._bans) >= MOST_BANS:
            return False
        self._drop(subject)
        if lasts_us is not None:
            self._ends_us[subject] = self.clock_us() + lasts_us
        self._bans[subject] = Ban(subject, reason[:MAX_REASON_CHARS], self._ends_us.get(subject, 0) // 1000)
        return True

    async def lift(self, subject: Subject) -> bool:
        """See ``Bans.lift``."""
        await trio.lowlevel.checkpoint()
        return self._drop(subject)

    async def changed(self, known: str) -> BanBook | None:
        """See ``Bans.changed``."""
        await trio.lowlevel.checkpoint()
        for subject in [subject for subject, end_us in self._ends_us.items() if end_us <= self.clock_us()]:
            self._drop(subject)
        return None if known == self._stamp else BanBook(self._stamp, tuple(self._bans.values()))

    def _drop(self, subject: Subject) -> bool:
        self._stamp = str(next(self._stamps))
        self._ends_us.pop(subject, None)
        return self._bans.pop(subject, None) is not None
