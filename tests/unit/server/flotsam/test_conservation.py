"""Random play, invariants checked at every version: gold is neither made nor lost, and nothing leaves the bay."""

from __future__ import annotations

from typing import TypeAlias

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from server.game import Actor, EntityId
from server.games.flotsam import game
from server.games.flotsam.rules import Grab, Row, Shout
from server.games.flotsam.world import STROKE, Boat, Crate, Ledger
from tests.unit.server.flotsam.bay import Bay, open_bay

Step: TypeAlias = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "leave", "row", "grab", "grab", "shout", "tide", "wait"]),
        st.integers(-STROKE, STROKE),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=40,
)


@given(steps=STEPS)
@settings(deadline=None, max_examples=25)
def test_gold_is_conserved_at_every_version(steps: list[Step]) -> None:
    """Whatever players and the tide do, one after the other and at the same time."""
    versions = trio.run(play, steps, clock=MockClock(autojump_threshold=0))
    assert versions >= 0


async def play(steps: list[Step]) -> int:
    """Plays the steps in groups of five that are committed together. Returns: how many versions were checked."""
    with trio.fail_after(100):
        async with open_bay() as bay:
            actors: list[Actor] = [await bay.boat(2000, 2000, gold=3)]
            for start in range(0, len(steps), 5):
                async with trio.open_nursery() as nursery:
                    for step in steps[start : start + 5]:
                        nursery.start_soon(take, bay, actors, step)
            (ledger,) = bay.all(Ledger).values()
            held = [*bay.all(Boat).values(), *bay.all(Crate).values()]
            assert ledger.minted == sum(entity.gold for entity in held)
            return bay.versions_checked


async def take(bay: Bay, actors: list[Actor], step: Step) -> None:
    """One step of play: what, a number, and which of the players."""
    what, number, which = step
    actor = actors[which % len(actors)]
    match what:
        case "enter":
            actors.append(await bay.boat(2000 + number, 2000 - number))
        case "leave":
            await bay.leave(actor)
        case "row":
            await bay.do(actor, Row(number, -number))
        case "shout":
            await bay.do(actor, Shout("ahoy"))
        case "tide":
            await bay.tide()
        case "grab":
            await bay.do(actor, Grab(nearest(bay, actor)))
        case "wait":
            await trio.sleep(abs(number) / STROKE)


def nearest(bay: Bay, actor: Actor) -> EntityId:
    """The crate nearest to a player; without one, an id that nothing has."""
    boat = bay.all(Boat).get(actor.entity, Boat(0, 0, ""))
    crates = [(abs(c.x - boat.x) + abs(c.y - boat.y), id_) for id_, c in bay.all(Crate).items()]
    return min(crates)[1] if crates else EntityId(0)


@pytest.mark.parametrize(
    ("entities", "name"),
    [
        ({1: Ledger(5, []), 2: Boat(0, 0, "a", 4)}, "gold_conserved"),
        ({2: Crate(0, 0, 1)}, "gold_conserved"),
        ({2: Boat(-1, 0, "a")}, "all_in_the_bay"),
        ({2: Boat(0, 4000, "a")}, "all_in_the_bay"),
    ],
)
def test_the_invariants_can_fail(entities: dict[EntityId, Boat | Crate | Ledger], name: str) -> None:
    """Each names what is wrong."""
    (check,) = [invariant.check for invariant in game.invariants if invariant.name == name]
    assert check(entities)
