"""How much of a crowd is shown: whoever looks at too many entities sees less far, not fewer of those who are near.

A bound on entities would give each client a choice of its own, and no two could share a frame. So the view shrinks by
whole cells, the farthest first, and alike for all who look from one cell. Decided anew once a second: a
crowd whose size goes up and down about the bound costs no more than that. Pure; time is an argument.
Invariant: the cell looked from and those beside it are always shown.
"""

from __future__ import annotations

import attrs

from server.interest.sight import Sight, nearest_first, sight_from
from shared_state.cell import CellId
from shared_state.replica import Replica

MAX_IN_VIEW = 2000
DECIDED_FOR_S = 1.0


@attrs.define(eq=False)
class Crowd:
    """Trims views of one replica.

    Args:
        most: entities in a view, as far as the cells nearby allow.
    """

    replica: Replica
    most: int = MAX_IN_VIEW
    _decided_s: float = 0.0
    _trimmed: dict[Sight, Sight] = attrs.field(factory=dict)

    def renew(self, now_s: float) -> None:
        """Decides anew, when the time has come."""
        if now_s - self._decided_s >= DECIDED_FOR_S:
            self._decided_s = now_s
            self._trimmed.clear()

    def trim(self, sight: Sight, centre: CellId) -> Sight:
        """What of a view from ``centre`` is shown; equal arguments give the same object for a while."""
        if len(self.replica.entities) <= self.most:
            return sight
        trimmed = self._trimmed.get(sight)
        if trimmed is None:
            trimmed = self._trimmed[sight] = self._near_part(sight, centre)
        return trimmed

    def _near_part(self, sight: Sight, centre: CellId) -> Sight:
        cells = self.replica.cells
        if sum(len(cells.get(cell, ())) for cell in sight) <= self.most:
            return sight
        beside = sight_from(centre, 1.0, 1.0)  # in edges of a cell
        kept, entities = [], 0
        for cell in nearest_first(sight, centre):
            entities += len(cells.get(cell, ()))
            if entities > self.most and cell not in beside:
                break
            kept.append(cell)
        return frozenset(kept)
