"""The rules of Flotsam one by one, on a real world and a clock of the test's own."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import MockClock

from server.game import Actor, EntityId, Transaction
from server.games.flotsam import game, rules
from server.games.flotsam.motion import BURST_MS, SIZE, SPEED_PER_S
from server.games.flotsam.rules import Grab, Row, Shout
from server.games.flotsam.tides import ADRIFT_PER_TIDE
from server.games.flotsam.world import CRATES, REACH, STROKE, Boat, Crate, Ledger
from server.wire.codec import MSGPACK
from server.wire.errors import ProtocolError
from shared_state.names import SessionId
from tests.unit.server.flotsam.bay import Bay, open_bay

NOBODY = Actor(SessionId("x"), EntityId(999_999), "nobody")
ALLOWANCE = SPEED_PER_S * BURST_MS // 1000


async def test_a_player_gets_an_empty_boat_inside_the_bay(autojump_clock: MockClock) -> None:
    """Somewhere, with the name asked for and no gold."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            for _ in range(30):
                await bay.run(enter)
            boats = bay.all(Boat)
            assert len(boats) == 30
            assert all((boat.name, boat.gold) == ("Ann", 0) for boat in boats.values())
            assert len({(boat.x, boat.y) for boat in boats.values()}) > 20


def enter(tx: Transaction) -> None:
    """Ann enters."""
    rules.enter(tx, "Ann")


async def test_a_boat_that_leaves_leaves_its_gold(autojump_clock: MockClock) -> None:
    """As a crate where it was; an empty boat leaves nothing, and a second leave does nothing."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            rich, poor = await bay.boat(100, 200, gold=7), await bay.boat(50, 60)
            for actor in (rich, poor, rich):
                await bay.leave(actor)
            assert (bay.all(Boat), list(bay.all(Crate).values())) == ({}, [Crate(100, 200, 7)])


async def test_a_stroke_moves_the_boat_and_the_shore_stops_it(autojump_clock: MockClock) -> None:
    """By what was asked for, inside the bay."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actor = await bay.boat(20, SIZE - 10)
            assert await bay.do(actor, Row(5, -7)) == ""
            assert (bay.all(Boat)[actor.entity].x, bay.all(Boat)[actor.entity].y) == (25, SIZE - 17)
            assert await bay.do(actor, Row(-STROKE, STROKE)) == ""
            assert (bay.all(Boat)[actor.entity].x, bay.all(Boat)[actor.entity].y) == (0, SIZE - 1)


@pytest.mark.parametrize(("dx", "dy"), [(STROKE + 1, 0), (0, -STROKE - 1), (1.5, 0), (2**31, 0)])
def test_a_stroke_has_a_length(dx: float, dy: float) -> None:
    """Longer ones are no command."""
    with pytest.raises(ProtocolError):
        game.commands["row"].decode(MSGPACK, MSGPACK.encode_value({"dx": dx, "dy": dy}))


async def test_nobody_rows_without_a_boat(autojump_clock: MockClock) -> None:
    """Every command of a player whose boat is gone is refused."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            crate = await bay.crate(0, 0, 1)
            for command in (Row(1, 1), Grab(crate), Shout("help")):
                assert await bay.do(NOBODY, command) == "no_boat"
            assert await bay.do(Actor(SessionId("x"), crate, "a crate"), Row(1, 1)) == "no_boat"


@pytest.mark.parametrize("stroke", [STROKE, 39, 29, 7, 1])
@pytest.mark.parametrize("rate_hz", [10, 50, 500])
async def test_speed_does_not_depend_on_messages(stroke: int, rate_hz: int, autojump_clock: MockClock) -> None:
    """However many strokes of whatever length are sent, the way is at most speed x time and a fixed allowance."""
    seconds = 3
    with trio.fail_after(60):
        async with open_bay() as bay:
            actor = await bay.boat(0, 0)
            codes = []
            for _ in range(seconds * rate_hz):
                codes.append(await bay.do(actor, Row(stroke, 0)))
                await trio.sleep(1 / rate_hz)
            way = bay.all(Boat)[actor.entity].x
            assert way == stroke * codes.count("")
            assert way <= SPEED_PER_S * seconds + ALLOWANCE
            if stroke * rate_hz >= SPEED_PER_S:
                assert way >= SPEED_PER_S * seconds - stroke
            assert set(codes) <= {"", "tired"}


async def test_who_stalled_may_catch_up_a_little(autojump_clock: MockClock) -> None:
    """After an honest pause of two seconds a burst of strokes gives the allowance, not the missed way, and no more."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actor = await bay.boat(0, 0)
            await trio.sleep(2)
            codes = await bay.do_at_once([(actor, Row(STROKE, 0))] * 40)
            assert bay.all(Boat)[actor.entity].x == ALLOWANCE == codes.count("") * STROKE


async def test_diagonal_strokes_are_not_faster(autojump_clock: MockClock) -> None:
    """The way itself keeps the limit, not its two parts."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actor = await bay.boat(0, 0)
            for _ in range(100):
                await bay.do(actor, Row(STROKE, STROKE))
                await trio.sleep(0.02)
            boat = bay.all(Boat)[actor.entity]
            assert boat.x == boat.y
            assert 0.9 * SPEED_PER_S * 2 <= math.hypot(boat.x, boat.y) <= SPEED_PER_S * 2 + ALLOWANCE


async def test_a_crate_in_reach_is_taken_once(autojump_clock: MockClock) -> None:
    """Its gold comes on board and it is gone for the next; those who see it are told."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await bay.boat(100, 100), await bay.boat(100, 100, gold=2)
            crate = await bay.crate(100 + REACH, 100 - REACH, 5)
            bay.world.replica.drain()
            assert await bay.do(ann, Grab(crate)) == ""
            assert await bay.do(ben, Grab(crate)) == "gone"
            assert {boat.gold for boat in bay.all(Boat).values()} == {5, 2}
            events = bay.world.replica.drain().events
            assert [(event.name, event.body) for event in events] == [
                ("picked", {"boat": ann.entity, "crate": crate, "gold": 5, "oil": 0})
            ]


@pytest.mark.parametrize(("x", "y"), [(REACH + 1, 0), (0, REACH + 1), (3000, 3000)])
async def test_a_crate_out_of_reach_stays(x: int, y: int, autojump_clock: MockClock) -> None:
    """Too far on either axis."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actor, crate = await bay.boat(0, 0), await bay.crate(x, y, 5)
            assert await bay.do(actor, Grab(crate)) == "too_far"
            assert crate in bay.all(Crate)


async def test_only_crates_can_be_grabbed(autojump_clock: MockClock) -> None:
    """Boats, the ledger and what never was are not."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await bay.boat(0, 0), await bay.boat(0, 0, gold=3)
            (ledger,) = bay.all(Ledger)
            for target in (ben.entity, ann.entity, ledger, EntityId(0), EntityId(-5), EntityId(2**53 - 1)):
                assert await bay.do(ann, Grab(target)) == "gone"
            assert bay.all(Boat)[ann.entity].gold == 0


async def test_of_many_who_grab_at_once_one_has_it(autojump_clock: MockClock) -> None:
    """Twenty boats in one batch, five times each: the crate is picked once, the rest hear that it is gone."""
    with trio.fail_after(20):
        async with open_bay() as bay:
            actors = [await bay.boat(0, 0) for _ in range(20)]
            crate = await bay.crate(0, 0, 9)
            codes = await bay.do_at_once([(actor, Grab(crate)) for actor in actors * 5])
            assert sorted(codes) == [""] + ["gone"] * 99
            assert sum(boat.gold for boat in bay.all(Boat).values()) == 9


async def test_a_shout_is_heard_where_the_boat_is(autojump_clock: MockClock) -> None:
    """With the boat and its name, in the cell of the boat."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            actor = await bay.boat(300, 300)
            assert await bay.do(actor, Shout("ahoy")) == ""
            (event,) = bay.world.replica.drain().events
            assert event.body == {"boat": actor.entity, "name": "Ann", "text": "ahoy"}
            assert event.cell == bay.world.replica.entities[actor.entity].cell


@pytest.mark.parametrize("text", ["", "x" * 121])
def test_a_shout_has_a_length(text: str) -> None:
    """Empty and long ones are no command."""
    with pytest.raises(ProtocolError, match="text"):
        game.commands["shout"].decode(MSGPACK, MSGPACK.encode_value({"text": text}))


async def test_the_tide_fills_the_bay_and_keeps_it_full(autojump_clock: MockClock) -> None:
    """At first all crates, later those that are missing, a few at a time; the ledger knows each and all their gold."""
    with trio.fail_after(20):
        async with open_bay() as bay:
            await bay.tide()
            assert len(bay.all(Crate)) == CRATES
            full = bay.all(Crate)
            await bay.tide()
            assert set(bay.all(Crate)) == set(full)
            moved = [id_ for id_, crate in bay.all(Crate).items() if crate != full[id_]]
            assert 0 < len(moved) <= ADRIFT_PER_TIDE
            await bay.run(lambda tx: sink_crates(bay, tx, 20))
            counts = []
            for _ in range(4):
                await bay.tide()
                counts.append(len(bay.all(Crate)))
            assert counts == [CRATES - 15, CRATES - 10, CRATES - 5, CRATES]
            (ledger,) = bay.all(Ledger).values()
            assert set(ledger.afloat) == set(bay.all(Crate))
            assert all(1 <= crate.gold <= 9 for crate in bay.all(Crate).values())


def sink_crates(bay: Bay, tx: Transaction, count: int) -> None:
    """Deletes crates, their gold too."""
    ((ledger_id, ledger),) = tx.all_placeless(Ledger)
    doomed = sorted(bay.all(Crate))[:count]
    crates = [bay.all(Crate)[crate] for crate in doomed]
    gold, oil = sum(crate.gold for crate in crates), sum(crate.oil for crate in crates)
    tx.patch(ledger_id, gold=ledger.gold - gold, oil=ledger.oil - oil)
    for crate in doomed:
        tx.delete(crate)
