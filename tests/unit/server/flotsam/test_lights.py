"""Lighthouses, the board and the storm."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from server.game import Actor, EntityId
from server.games.flotsam import lights, weather
from server.games.flotsam.lights import LIGHT_REACH, SITES, Kindle, Pay
from server.games.flotsam.motion import SIZE
from server.games.flotsam.rules import Grab
from server.games.flotsam.weather import TAKEN_ALONG
from server.games.flotsam.world import HULL, LEADERS, Board, Lamp, Ledger, Lighthouse, Storm
from tests.unit.server.flotsam.bay import Bay, open_bay


async def at_a_light(bay: Bay, **fields: int) -> tuple[Actor, EntityId]:
    """A boat at a lighthouse, and that."""
    if not bay.all(Lighthouse):
        await bay.found()
    light_id, light = bay.one(Lighthouse)
    return await bay.boat(light.x + LIGHT_REACH, light.y, **fields), light_id


async def test_a_new_bay_has_what_it_needs(autojump_clock: MockClock) -> None:
    """Lighthouses with lamps, one storm, one board, one ledger."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            await bay.found()
            counts = [len(bay.all(kind)) for kind in (Lighthouse, Lamp, Storm, Board, Ledger)]
            assert counts == [len(SITES), len(SITES), 1, 1, 1]


async def test_a_tribute_mends_the_hull_and_goes_to_the_keeper(autojump_clock: MockClock) -> None:
    """Gold goes to the lamp at once, half of what is there to the keeper with each payment of dues."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            guest, light_id = await at_a_light(bay, gold=9, hull=50)
            keeper, _ = await at_a_light(bay, oil=3)
            assert await bay.do(keeper, Kindle(light_id, 3)) == ""
            assert await bay.do(guest, Pay(light_id, 3)) == ""
            assert (bay.at(guest).gold, bay.at(guest).hull, bay.one(Lamp)[1].gold) == (6, 80, 3)
            await bay.run(lights.dues.rule)
            assert (bay.at(keeper).gold, bay.one(Lamp)[1].gold, bay.one(Lighthouse)[1].pledge) == (2, 1, 2)
            assert await bay.do(guest, Pay(light_id, 6)) == ""
            assert bay.at(guest).hull == HULL


async def test_tributes_of_many_at_once_all_count(autojump_clock: MockClock) -> None:
    """Thirty boats pay together."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actors = [(await at_a_light(bay, gold=2))[0] for _ in range(30)]
            light_id, _ = bay.one(Lighthouse)
            assert set(await bay.do_at_once([(actor, Pay(light_id, 2)) for actor in actors])) == {""}
            assert bay.one(Lamp)[1].gold == 60


async def test_who_pledges_more_is_the_keeper(autojump_clock: MockClock) -> None:
    """The same is not enough; the keeper's own oil adds up; everybody hears of a new keeper."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, light_id = await at_a_light(bay, oil=9)
            ben, _ = await at_a_light(bay, oil=9)
            bay.events()
            orders = [(ann, 3), (ben, 3), (ann, 1), (ben, 4), (ben, 5)]
            assert [await bay.do(who, Kindle(light_id, oil)) for who, oil in orders] == [
                "", "too_little", "", "too_little", "",
            ]  # fmt: skip
            light = bay.one(Lighthouse)[1]
            assert (light.keeper, light.pledge, bay.one(Lamp)[1].oil) == (ben.entity, 5, 9)
            assert [name for name, _ in bay.events()] == ["kept", "kept"]


async def test_a_light_burns_down_and_a_keeper_may_leave(autojump_clock: MockClock) -> None:
    """Without oil, or without its keeper, nobody keeps it."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, light_id = await at_a_light(bay, oil=3)
            assert await bay.do(ann, Kindle(light_id, 2)) == ""
            pledges = []
            for _ in range(2):
                await bay.run(lights.dues.rule)
                pledges.append((bay.one(Lighthouse)[1].keeper, bay.one(Lighthouse)[1].pledge))
            assert pledges == [(ann.entity, 1), (0, 0)]
            assert await bay.do(ann, Kindle(light_id, 1)) == ""
            await bay.leave(ann)
            await bay.run(lights.dues.rule)
            assert bay.one(Lighthouse)[1].keeper == 0


async def test_a_lighthouse_is_for_those_who_are_there_and_have_something(autojump_clock: MockClock) -> None:
    """Too far, too poor, or none at all."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, light_id = await at_a_light(bay)
            far = await bay.boat(0, 0, gold=5, oil=5)
            lamp_id, _ = bay.one(Lamp)
            for make in (Pay, Kindle):
                assert await bay.do(ann, make(light_id, 1)) == "too_poor"
                assert await bay.do(far, make(light_id, 1)) == "too_far"
                assert await bay.do(ann, make(lamp_id, 1)) == "gone"


async def test_the_board_has_the_richest(autojump_clock: MockClock) -> None:
    """Ten of those who gained something, richest first; who leaves is off it."""
    with trio.fail_after(20):
        async with open_bay() as bay:
            await bay.found()
            actors = [await bay.boat(0, 0, name=f"b{place}") for place in range(LEADERS + 2)]
            for place, actor in enumerate(actors):
                assert await bay.do(actor, Grab(await bay.crate(0, 0, place + 1))) == ""
            scores = bay.one(Board)[1].scores
            assert [score[2] for score in scores] == list(range(LEADERS + 2, 2, -1))
            await bay.leave(actors[-1])
            assert [score[2] for score in bay.one(Board)[1].scores] == list(range(LEADERS + 1, 2, -1))


async def test_a_storm_takes_along_what_it_meets(autojump_clock: MockClock) -> None:
    """A bounded number of boats and crates; it sinks nobody, and stays in the bay for good."""
    with trio.fail_after(60):
        async with open_bay() as bay:
            await bay.found()
            _, storm = bay.one(Storm)
            boats = [await bay.boat(storm.x, storm.y, hull=2) for _ in range(TAKEN_ALONG + 4)]
            await bay.run(weather.blow.rule)
            moved = [actor for actor in boats if (bay.at(actor).x, bay.at(actor).y) != (storm.x, storm.y)]
            assert len(moved) == TAKEN_ALONG
            assert {bay.at(actor).hull for actor in moved} == {1}
            places = set()
            for _ in range(300):
                await bay.run(weather.blow.rule)
                places.add((bay.one(Storm)[1].x // 500, bay.one(Storm)[1].y // 500))
            assert len(places) > 5
            assert all(0 <= x <= SIZE // 500 and 0 <= y <= SIZE // 500 for x, y in places)
