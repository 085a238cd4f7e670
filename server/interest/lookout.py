"""Where one client looks from, and how far: around its avatar, or, as a spectator, around a place or an entity.

The cell looked from is left only when what is followed is clearly out of it: who dithers across a border keeps one
view. Pure. Invariant: what is followed always stands in view, and no view is wider than the game and ``MAX_COLUMNS``
allow.
"""

from __future__ import annotations

import attrs

from server.game import Game
from server.interest.changes import Secret
from server.interest.sight import Sight, sight_from
from shared_state.cell import NOWHERE, CellId, cell_at, cell_index
from shared_state.entity import Entity, EntityId
from shared_state.replica import Replica

MARGIN = 0.2
"""How far beyond its borders, in edges of a cell, the cell looked from is kept."""

MIN_RADIUS = 0.5 + MARGIN
"""In edges of a cell: less would not show all that may stand beyond the border."""

MAX_COLUMNS = 31
MAX_CELLS = MAX_COLUMNS**2 + 1

NOBODY = EntityId(0)


@attrs.frozen
class Optics:
    """What a game lets its players see; lengths in world units."""

    cell_size: float
    bounds: tuple[float, float, float, float]
    radius: float
    max_radius: float
    secret: Secret

    @classmethod
    def of(cls, game: Game) -> Optics:
        """The game's."""
        return cls(game.cell_size, game.bounds, game.view_radius, game.max_view_radius, frozenset(game.secret_kinds))

    def limited(self, radius: float) -> float:
        """A radius that may be looked at; what is not one gives the game's."""
        size = self.cell_size
        wanted = radius if 0 < radius <= self.max_radius else min(self.radius, self.max_radius)
        return min(max(wanted, MIN_RADIUS * size), (MAX_COLUMNS - 1) / 2 * size)

    def middle(self) -> CellId:
        """The cell in the middle of the world."""
        left, top, right, bottom = self.bounds
        return cell_at((left + right) / 2, (top + bottom) / 2, self.cell_size)

    def inside(self, x: float, y: float) -> CellId:
        """The cell of a point, which is moved into the world first."""
        left, top, right, bottom = self.bounds
        # In this order, what is not a number gives the left or upper border.
        return cell_at(min(right, max(left, x)), min(bottom, max(top, y)), self.cell_size)


@attrs.define(eq=False)
class Lookout:
    """One client's point of view; first the middle of the world."""

    optics: Optics
    centre: CellId = attrs.field(init=False)
    here: CellId = attrs.field(init=False)
    """Where what is followed stands; without that, the centre."""
    _followed: EntityId = NOBODY
    _radius: float = attrs.field(init=False)
    _sight: Sight = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._radius = self.optics.limited(0.0)
        self._look_from(self.optics.middle())

    def zoom(self, radius: float) -> None:
        """Looks as far as ``radius``, in world units, or as far as the game lets it."""
        self._radius = self.optics.limited(radius)
        self._look_from(self.centre)

    def follow(self, entity_id: EntityId) -> None:
        """Goes with an entity from now on; when that is no more, stays where it was last."""
        self._followed = entity_id

    def stand(self, x: float, y: float) -> None:
        """Looks from a place, in world units, from now on."""
        self._followed = NOBODY
        self._look_from(self.optics.inside(x, y))

    def sight(self, replica: Replica) -> Sight:
        """The cells in view now."""
        followed = replica.entities.get(self._followed)
        if followed is not None:
            if followed.cell != self.centre and self._has_left(followed):
                self._look_from(followed.cell)
            self.here = followed.cell
        return self._sight

    def _has_left(self, entity: Entity) -> bool:
        """Whether it stands clearly outside of the cell looked from, at a place that may be known."""
        if entity.cell == NOWHERE or type(entity.value) in self.optics.secret:
            return False
        size = self.optics.cell_size
        column, row = cell_index(self.centre)
        x, y = entity.value.x, entity.value.y  # type: ignore[attr-defined]  # it has a cell, so it has a place
        outside: float = max(column * size - x, x - (column + 1) * size, row * size - y, y - (row + 1) * size)
        return outside > MARGIN * size

    def _look_from(self, centre: CellId) -> None:
        self.centre = self.here = centre
        self._sight = sight_from(centre, self._radius, self.optics.cell_size)
