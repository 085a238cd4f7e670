"""Random play, every invariant checked at every version: nothing is made, lost or doubled (CASES S15)."""

from __future__ import annotations

from typing import TypeAlias

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from server.game import Actor, Command, EntityId, Kind
from server.games.flotsam import game, lights, tides, trade, weather
from server.games.flotsam.lights import Kindle, Pay
from server.games.flotsam.ramming import Ram
from server.games.flotsam.rules import Grab, Row, Shout
from server.games.flotsam.salvage import Salvage, bring_up
from server.games.flotsam.trade import Accept, Propose
from server.games.flotsam.world import STROKE, Board, Boat, Crate, Lamp, Ledger, Lighthouse, Offer, Wreck
from tests.unit.server.flotsam.bay import Bay, open_bay

Step: TypeAlias = tuple[str, int, int, int]
KINDS = ["enter", "leave", "row", "grab", "grab", "shout", "tide", "wait", "ram", "ram", "trade", "accept", "salvage"]
KINDS += ["pay", "kindle", "dues", "blow", "sweep"]
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(-STROKE, STROKE), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=60,
)


@given(steps=STEPS)
@settings(deadline=None, max_examples=40)
def test_the_laws_hold_at_every_version(steps: list[Step]) -> None:
    """Whatever players, tide and storm do, one after the other and at the same time."""
    versions = trio.run(play, steps, clock=MockClock(autojump_threshold=0))
    assert versions > 0


async def play(steps: list[Step]) -> int:
    """Plays the steps in groups of five that are committed together. Returns: how many versions were checked."""
    with trio.fail_after(200):
        async with open_bay() as bay:
            await bay.found()
            _, light = bay.one(Lighthouse)
            actors = [await bay.boat(light.x + place, light.y, gold=9, oil=4, hull=30) for place in range(3)]
            await bay.add(Wreck(light.x, light.y, 5, 5, "Old"))
            for start in range(0, len(steps), 5):
                async with trio.open_nursery() as nursery:
                    for step in steps[start : start + 5]:
                        nursery.start_soon(take, bay, actors, step)
            return bay.versions_checked


async def take(bay: Bay, actors: list[Actor], step: Step) -> None:
    """One step of play: what, a number, and which two of the players."""
    what, number, which, whom = step
    actor, other = actors[which % len(actors)], actors[whom % len(actors)]
    light_id, light = bay.one(Lighthouse)
    match what:
        case "enter":
            actors.append(await bay.boat(light.x + number, light.y - number))
        case "leave":
            await bay.leave(actor)
        case "wait":
            await trio.sleep(abs(number) / STROKE * 5)
        case "tide" | "dues" | "blow" | "sweep":
            await bay.run(TIMED[what].rule)
        case "salvage":
            await salvage(bay, actor)
        case _:
            await bay.do(actor, order(bay, what, number, actor, other, light_id))


TIMED = {"tide": tides.tide, "dues": lights.dues, "blow": weather.blow, "sweep": trade.sweep_offers}


def order(bay: Bay, what: str, number: int, actor: Actor, other: Actor, light: EntityId) -> Command:
    """A command of a kind."""
    match what:
        case "row":
            return Row(number, -number)
        case "ram":
            return Ram(other.entity)
        case "trade":
            return Propose(other.entity, gives_gold=abs(number) % 7, wants_oil=abs(number) % 5 + 1)
        case "accept":
            return Accept(next((id_ for id_, o in bay.all(Offer).items() if o.buyer == actor.entity), EntityId(0)))
        case "pay":
            return Pay(light, abs(number) % 5 + 1)
        case "kindle":
            return Kindle(light, abs(number) % 5 + 1)
        case "grab":
            return Grab(nearest(bay, actor))
        case _:
            return Shout("ahoy")


async def salvage(bay: Bay, actor: Actor) -> None:
    """Begins and ends a salvage, without the lease that keeps others away."""
    command = Salvage(next(iter(bay.all(Wreck)), EntityId(0)))
    if not await bay.do(actor, command):
        await bay.run(lambda tx: bring_up(tx, actor, command))


def nearest(bay: Bay, actor: Actor) -> EntityId:
    """The crate nearest to a player; without one, an id that nothing has."""
    boat = bay.all(Boat).get(actor.entity, Boat(0, 0, ""))
    crates = [(abs(c.x - boat.x) + abs(c.y - boat.y), id_) for id_, c in bay.all(Crate).items()]
    return min(crates)[1] if crates else EntityId(0)


@pytest.mark.parametrize(
    ("entities", "name"),
    [
        ({1: Ledger(5, 0, []), 2: Boat(0, 0, "a", 4)}, "gold_conserved"),
        ({2: Crate(0, 0, 1)}, "gold_conserved"),
        ({2: Lamp(1.0, 0.0, 0, 0)}, "gold_conserved"),
        ({1: Ledger(0, 2, []), 2: Boat(0, 0, "a", oil=1)}, "oil_conserved"),
        ({2: Boat(0, 0, "a", -1), 3: Crate(0, 0, 1)}, "nothing_negative"),
        ({2: Wreck(0, 0, 0, -1, "a")}, "nothing_negative"),
        ({2: Boat(0, 0, "a", hull=0)}, "hulls_in_bounds"),
        ({2: Boat(0, 0, "a", hull=101)}, "hulls_in_bounds"),
        ({2: Boat(-1, 0, "a")}, "all_in_the_bay"),
        ({2: Boat(0, 4000, "a")}, "all_in_the_bay"),
        ({2: Boat(0, 0, "a"), 3: Offer(0, 0, 2, 4, 1, 0, 0, 0, 0)}, "offers_have_sellers"),
        ({2: Boat(0, 0, "a", offer=3), 3: Offer(0, 0, 2, 2, 1, 0, 0, 0, 0)}, "offers_have_sellers"),
        ({2: Lighthouse(0, 0, "a", 3)}, "lights_are_kept"),
        ({2: Lighthouse(0, 0, "a", 3, 7, "Ann", 0), 3: Lamp(0.0, 0.0, 0, 0)}, "lights_are_kept"),
        ({2: Board([(3, "Ann", 5)])}, "scores_are_true"),
        ({2: Board([(3, "Ann", 5)]), 3: Boat(0, 0, "Ann", 4)}, "scores_are_true"),
        ({2: Board([(3, "a", 1), (4, "b", 2)]), 3: Boat(0, 0, "a", 1), 4: Boat(0, 0, "b", 2)}, "scores_are_true"),
        ({2: Board([]), 3: Board([])}, "scores_are_true"),
    ],
)
def test_the_invariants_can_fail(entities: dict[EntityId, Kind], name: str) -> None:
    """Each names what is wrong."""
    (check,) = [invariant.check for invariant in game.invariants if invariant.name == name]
    assert check(entities)


def test_every_invariant_is_seen_failing() -> None:
    """None is left out of the cases above."""
    cases = test_the_invariants_can_fail.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {invariant.name for invariant in game.invariants} == {name for _, name in cases}
