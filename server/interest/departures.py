"""Who left which cell, and when: with the entities that are there, all that a view from further back needs to catch up.

Owns a bounded memory of departures, of all cells together. Pure. Invariant: for every version from ``floor`` on,
``since`` names all that was in the cell at that version and left it later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import attrs

from server.interest.changes import Secret
from shared_state.cell import CellId
from shared_state.entity import EntityId
from shared_state.replica import Departure

KEPT = 20_000


@attrs.define(eq=False)
class Departures:
    """The newest departures.

    Args:
        secret: kinds that are remembered as little as they are shown.
        kept: how many; the oldest are forgotten first.
    """

    secret: Secret
    kept: int = KEPT
    floor: int = 0
    """No view from before this version can be brought up to date."""
    _order: deque[Departure] = attrs.field(factory=deque)
    _by_cell: dict[CellId, deque[Departure]] = attrs.field(factory=dict)

    def start_over(self, version: int) -> None:
        """Forgets everything: what happened up to ``version`` is not known."""
        self._order.clear()
        self._by_cell.clear()
        self.floor = version

    def record(self, departures: Iterable[Departure]) -> None:
        """Remembers departures, in order of versions."""
        for departure in departures:
            if departure.kind not in self.secret and departure.arrived < departure.left:
                self._order.append(departure)
                self._by_cell.setdefault(departure.cell, deque()).append(departure)
        while len(self._order) > self.kept:
            self._forget_oldest()

    def since(self, cell: CellId, version: int) -> set[EntityId]:
        """What was in the cell at ``version`` and left it later, whether or not it came back."""
        departed = self._by_cell.get(cell, ())
        return {departure.id for departure in departed if departure.arrived <= version < departure.left}

    def _forget_oldest(self) -> None:
        oldest = self._order.popleft()
        of_cell = self._by_cell[oldest.cell]
        of_cell.popleft()
        if not of_cell:
            del self._by_cell[oldest.cell]
        self.floor = oldest.left
