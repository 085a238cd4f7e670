"""Where a client looks from: steady at borders, bounded, and for spectators anywhere in the world."""

from __future__ import annotations

import math

import pytest

from server.interest.crowd import DECIDED_FOR_S, Crowd
from server.interest.lookout import MAX_CELLS, Lookout, Optics
from server.interest.sight import nearest_first, sight_from
from shared_state.cell import NOWHERE, cell_at
from shared_state.entity import EntityId
from tests.unit.server.harbour import SECRET_TEXT, Boat, Flag, Map
from tests.unit.server.interest.sea import SECRET, commit, new_replica

OPTICS = Optics(100.0, (-1000.0, -1000.0, 1000.0, 1000.0), 150.0, 400.0, SECRET)


def following(entity_id: int) -> Lookout:
    """A view of harbour size that goes with an entity."""
    lookout = Lookout(OPTICS)
    lookout.follow(EntityId(entity_id))
    return lookout


def test_who_dithers_across_a_border_keeps_one_view() -> None:
    """Ten crossings change nothing; going on does, and coming back takes as much again."""
    replica, lookout = new_replica(), following(1)
    commit(replica, {1: Boat(90, 50, "a")})
    first = lookout.sight(replica)
    for x in (105, 95, 119, 85, 101, 99, 118):
        commit(replica, {1: Boat(x, 50, "a")})
        assert lookout.sight(replica) is first
        assert lookout.here == cell_at(x, 50, 100) in first
    commit(replica, {1: Boat(121, 50, "a")})
    second = lookout.sight(replica)
    assert second == sight_from(cell_at(121, 50, 100), 150.0, 100.0) != first
    commit(replica, {1: Boat(85, 50, "a")})
    assert lookout.sight(replica) is second
    commit(replica, {1: Boat(79, 50, "a")})
    assert lookout.sight(replica) is first


@pytest.mark.parametrize("radius", [0.0, -5.0, math.nan, math.inf, 1e12])
def test_what_is_no_radius_gives_the_games(radius: float) -> None:
    """Whatever a client says, its view has the game's bounds (S29)."""
    lookout = following(0)
    usual = lookout.sight(new_replica())
    lookout.zoom(radius)
    assert lookout.sight(new_replica()) == usual


def test_a_view_has_few_cells_even_where_cells_are_small() -> None:
    """A game that lets its players look far over small cells does not let them ask for millions."""
    lookout = Lookout(Optics(1.0, (-1e6, -1e6, 1e6, 1e6), 10.0, 1e6, SECRET))
    lookout.zoom(1e6)
    assert len(lookout.sight(new_replica())) == MAX_CELLS


def test_a_spectator_stands_within_the_world() -> None:
    """A place outside is moved to the border; without one it looks at the middle."""
    lookout = Lookout(OPTICS)
    assert lookout.centre == cell_at(0, 0, 100)
    lookout.stand(5e8, -350.0)
    assert lookout.centre == cell_at(1000, -350, 100)


def test_what_is_followed_may_have_no_place_or_be_secret_or_gone() -> None:
    """Then the view stays where it was: nothing is learnt of a secret by following it."""
    replica, lookout = new_replica(), Lookout(OPTICS)
    commit(replica, {1: Boat(510, 510, "a"), 2: Flag("f"), 3: Map(-500, -500, SECRET_TEXT)})
    lookout.follow(EntityId(1))
    there = lookout.sight(replica)
    assert cell_at(510, 510, 100) in there
    for other in (2, 3, 77):
        lookout.follow(EntityId(other))
        assert lookout.sight(replica) is there
    lookout.follow(EntityId(1))
    commit(replica, {1: None})
    assert lookout.sight(replica) is there


def test_near_cells_come_first() -> None:
    """After cell 0, which is everywhere."""
    here = cell_at(10, 10, 100)
    order = nearest_first(sight_from(here, 250.0, 100.0), here)
    assert order[:2] == (NOWHERE, here)
    assert set(order[2:6]) == {cell_at(x, y, 100) for x, y in ((110, 10), (-90, 10), (10, 110), (10, -90))}


def test_a_crowd_shortens_the_view_and_spares_what_is_near() -> None:
    """The farthest cells go first; the cells beside the own one stay, however full; all decide alike for a while."""
    replica = new_replica()
    crowd, here = Crowd(replica, most=10), cell_at(10, 10, 100)
    sight = sight_from(here, 350.0, 100.0)
    assert crowd.trim(sight, here) is sight
    commit(replica, {id_: Boat(350, 10, "far") for id_ in range(1, 9)})
    commit(replica, {id_: Boat(110, 10, "near") for id_ in range(9, 14)})
    trimmed = crowd.trim(sight, here)
    assert cell_at(350, 10, 100) not in trimmed
    assert cell_at(-190, 10, 100) in trimmed
    commit(replica, {id_: Boat(110, 10, "near") for id_ in range(20, 60)})
    assert crowd.trim(sight, here) is trimmed
    crowd.renew(DECIDED_FOR_S)
    assert crowd.trim(sight, here) >= sight_from(here, 100.0, 100.0)
    assert crowd.trim(sight, here) < trimmed
