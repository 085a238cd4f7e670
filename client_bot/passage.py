"""What a player notices of one change of connection, lost or planned.

Time is an argument. Invariant: ``noticed_s`` tells nothing before the new view and the last answer are there.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs


@attrs.define(eq=False)
class Passage:
    """A player on the way from one connection to the next.

    Args:
        left_s: when the last message came on the old one.
        waiting: numbers of the commands that waited for their answers.
    """

    left_s: float
    waiting: set[int]
    _slowest_s: float = attrs.field(default=0.0, init=False)
    _is_welcome: bool = attrs.field(default=False, init=False)
    _has_view: bool = attrs.field(default=False, init=False)

    def welcomed(self, waiting: Iterable[int]) -> None:
        """The new node has opened the session; ``waiting``: who still waits, none in a session that is another."""
        self._is_welcome = True
        self.waiting &= set(waiting)

    def heard(self, now_s: float) -> None:
        """A message came on the new connection; the first one after the welcome brings the view."""
        if self._is_welcome and not self._has_view:
            self._has_view = True
            self._slowest_s = max(self._slowest_s, now_s - self.left_s)

    def answered(self, seq: int, took_s: float) -> None:
        """A command got its answer, ``took_s`` after it was sent."""
        if seq in self.waiting:
            self.waiting.remove(seq)
            self._slowest_s = max(self._slowest_s, took_s)

    @property
    def noticed_s(self) -> float | None:
        """The longest wait, in seconds; None while there still is one."""
        return self._slowest_s if self._has_view and not self.waiting else None
