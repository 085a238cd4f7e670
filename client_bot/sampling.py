"""Copies of a bot's view, now and then, each known to be whole: for whoever knows what the world was at its version.

How it works: a view may be between two messages of one flush. So a copy is kept only once a later version begins: then
all of the version before had come.
Must not know: connections, time beyond what it is told. Invariant: a view that it gives is of one version, all of it.
"""

from __future__ import annotations

import attrs

from client_bot.client import Client
from client_bot.diary import View

EVERY_S = 3.0


@attrs.define(eq=False)
class Sampling:
    """Of one bot. ``views``: takes the copies."""

    client: Client
    views: list[View]
    due_s: float
    _copy: View | None = None

    def before(self, node: str, now_s: float) -> None:
        """A message is about to be taken in."""
        mirror = self.client.mirror
        if now_s < self.due_s or mirror is None or mirror.suspect or mirror.version <= mirror.begun_at:
            self._copy = None
        elif self._copy is None or self._copy.version == mirror.version:
            cells = {cell: mirror.digest(cell) for cell in mirror.cells}
            self._copy = View(self.client.name, node, mirror.epoch, mirror.version, cells, is_whole=True)

    def after(self, now_s: float) -> None:
        """It was taken in."""
        mirror, copy = self.client.mirror, self._copy
        if mirror is None or copy is None or mirror.version == copy.version:
            return
        self._copy = None
        self.views.append(copy)
        self.due_s = now_s + EVERY_S
