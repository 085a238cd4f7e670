"""Ramming: what it takes, what it brings, and that two who ram each other at once lose and make nothing."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from server.game import Actor, EntityId
from server.games.flotsam.ramming import RAM_DAMAGE, RAM_EVERY_MS, RAM_REACH, Ram
from server.games.flotsam.rules import Row
from server.games.flotsam.world import HULL, Boat, Wreck
from tests.unit.server.flotsam.bay import Bay, open_bay


async def meet(bay: Bay, distance: int = 50, hull: int = HULL) -> tuple[Actor, Actor]:
    """Ann rows towards Ben, who has cargo and lies ``distance`` ahead of her."""
    ann, ben = await bay.boat(500, 500), await bay.boat(540 + distance, 500, gold=10, oil=3, hull=hull)
    assert await bay.do(ann, Row(40, 0)) == ""
    return ann, ben


async def test_a_hit_brings_a_share_and_breaks_planks(autojump_clock: MockClock) -> None:
    """A quarter of each good, rounded up; both boats know."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await meet(bay)
            bay.events()
            assert await bay.do(ann, Ram(ben.entity)) == ""
            assert (bay.at(ann).gold, bay.at(ann).oil, bay.at(ben).gold, bay.at(ben).oil) == (3, 1, 7, 2)
            assert (bay.at(ann).hull, bay.at(ben).hull) == (HULL, HULL - RAM_DAMAGE)
            body = {"by": ann.entity, "boat": ben.entity, "gold": 3, "oil": 1, "sunk": False}
            assert bay.events() == [("rammed", body)]


async def test_a_crew_needs_its_breath_back(autojump_clock: MockClock) -> None:
    """The next ram has to wait, and then needs way on again."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await meet(bay)
            assert [await bay.do(ann, Ram(ben.entity)) for _ in range(2)] == ["", "too_soon"]
            await trio.sleep(RAM_EVERY_MS / 1000)
            assert await bay.do(ann, Ram(ben.entity)) == "too_slow"
            assert await bay.do(ann, Row(30, 0)) == ""
            assert await bay.do(ann, Ram(ben.entity)) == ""


@pytest.mark.parametrize(
    ("stroke", "distance", "code"),
    [((40, 0), RAM_REACH, ""), ((40, 0), RAM_REACH + 1, "too_far"), ((5, 0), 30, "too_slow"), ((-30, 0), 0, "astern")],
)
async def test_it_takes_nearness_way_and_direction(
    stroke: tuple[int, int], distance: int, code: str, autojump_clock: MockClock
) -> None:
    """Too far, too slow, or the wrong way: refused, and nothing changes."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await bay.boat(500, 500), await bay.boat(540 + distance, 500, gold=10)
            assert await bay.do(ann, Row(*stroke)) == ""
            assert await bay.do(ann, Ram(ben.entity)) == code
            assert (bay.at(ben).gold == 10) is bool(code)


async def test_only_another_boat_can_be_rammed(autojump_clock: MockClock) -> None:
    """Neither oneself, nor a crate, nor what is not there."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, _ = await meet(bay)
            crate = await bay.crate(540, 500, 1)
            for target in (ann.entity, crate, EntityId(0)):
                assert await bay.do(ann, Ram(target)) == "gone"


async def test_a_boat_without_hull_sinks_and_begins_anew(autojump_clock: MockClock) -> None:
    """What is left of its cargo lies in a wreck; its crew has a new boat, whole and empty, elsewhere."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await meet(bay, hull=RAM_DAMAGE)
            where = bay.at(ben)
            bay.events()
            assert await bay.do(ann, Ram(ben.entity)) == ""
            assert list(bay.all(Wreck).values()) == [Wreck(where.x, where.y, 7, 2, "Ann")]
            new = bay.at(ben)
            assert (new.gold, new.oil, new.hull, new.name) == (0, 0, HULL, "Ann")
            assert (new.x, new.y) != (where.x, where.y)
            assert bay.events()[0][1]["sunk"] is True


async def test_two_who_ram_each_other_at_once(autojump_clock: MockClock) -> None:
    """Both hits count, one after the other; gold is only moved."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await bay.boat(500, 500, gold=8), await bay.boat(600, 500, gold=8)
            await bay.do_at_once([(ann, Row(30, 0)), (ben, Row(-30, 0))])
            assert await bay.do_at_once([(ann, Ram(ben.entity)), (ben, Ram(ann.entity))]) == ["", ""]
            boats = bay.all(Boat).values()
            assert sum(boat.gold for boat in boats) == 16
            assert {boat.hull for boat in boats} == {HULL - RAM_DAMAGE}
