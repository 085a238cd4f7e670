"""Trade: both holds change or none, whatever else happens meanwhile (CASES S15)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from server.game import Actor, EntityId
from server.games.flotsam import trade
from server.games.flotsam.lights import Pay
from server.games.flotsam.trade import OFFER_MS, SWEEP_SIDE, TRADE_REACH, Accept, Propose, Withdraw
from server.games.flotsam.world import Lighthouse, Offer
from tests.unit.server.flotsam.bay import Bay, open_bay


async def offered(bay: Bay) -> tuple[Actor, Actor, EntityId]:
    """Ann offers Ben 4 gold for 2 oil."""
    ann, ben = await bay.boat(500, 500, gold=5), await bay.boat(600, 500, name="Ben", oil=3)
    assert await bay.do(ann, Propose(ben.entity, gives_gold=4, wants_oil=2)) == ""
    return ann, ben, bay.one(Offer)[0]


def holds(bay: Bay, *actors: Actor) -> list[tuple[int, int]]:
    """Gold and oil of boats."""
    return [(bay.at(actor).gold, bay.at(actor).oil) for actor in actors]


async def test_an_accepted_offer_moves_both_goods(autojump_clock: MockClock) -> None:
    """Once; the offer is gone."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben, offer = await offered(bay)
            assert [await bay.do(ben, Accept(offer)) for _ in range(2)] == ["", "gone"]
            assert holds(bay, ann, ben) == [(1, 2), (4, 1)]
            assert (bay.all(Offer), bay.at(ann).offer) == ({}, 0)


async def test_many_acceptances_at_once_are_one(autojump_clock: MockClock) -> None:
    """A double click, and a withdrawal in between."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben, offer = await offered(bay)
            codes = await bay.do_at_once([(ben, Accept(offer))] * 5 + [(ann, Withdraw(offer))])
            assert sorted(codes) == [""] + ["gone"] * 5
            assert holds(bay, ann, ben) in ([(1, 2), (4, 1)], [(5, 0), (0, 3)])


@pytest.mark.parametrize("seller_is_short", [True, False])
async def test_who_has_not_what_was_promised_does_not_trade(seller_is_short: bool, autojump_clock: MockClock) -> None:
    """Either side may have lost it since: neither hold changes, and the offer stands."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            await bay.found()
            light_id, light = bay.one(Lighthouse)
            x, y = light.x, light.y
            ann, ben = await bay.boat(x, y, gold=5), await bay.boat(x, y, gold=2)
            wish = Propose(ben.entity, gives_gold=4 if seller_is_short else 0, wants_gold=0 if seller_is_short else 2)
            assert await bay.do(ann, wish) == ""
            assert await bay.do(ann if seller_is_short else ben, Pay(light_id, 2)) == ""
            before = holds(bay, ann, ben)
            code = await bay.do(ben, Accept(bay.one(Offer)[0]))
            assert code == ("cannot_pay" if seller_is_short else "too_poor")
            assert (holds(bay, ann, ben), len(bay.all(Offer))) == (before, 1)


async def test_an_offer_is_for_one_boat_nearby(autojump_clock: MockClock) -> None:
    """A third one cannot take it, its own seller cannot, and nobody can from afar."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben, offer = await offered(bay)
            cat, far = await bay.boat(550, 500, oil=9), await bay.boat(500 + TRADE_REACH + 1, 500)
            assert [await bay.do(who, Accept(offer)) for who in (cat, ann)] == ["gone", "gone"]
            assert await bay.do(cat, Withdraw(offer)) == "gone"
            assert await bay.do(ann, Propose(far.entity, gives_gold=1)) == "too_far"
            assert holds(bay, ann, ben) == [(5, 0), (0, 3)]


@pytest.mark.parametrize(
    ("amounts", "code"), [({}, "empty"), ({"gives_gold": 6}, "too_poor"), ({"gives_oil": 1}, "too_poor")]
)
async def test_an_offer_has_something_in_it_that_is_there(
    amounts: dict[str, int], code: str, autojump_clock: MockClock
) -> None:
    """Nothing for nothing, and what one has not, is no offer."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben = await bay.boat(0, 0, gold=5), await bay.boat(0, 0)
            assert await bay.do(ann, Propose(ben.entity, **amounts)) == code
            assert await bay.do(ann, Propose(ann.entity, gives_gold=1)) == "gone"


async def test_a_new_offer_takes_the_place_of_the_old(autojump_clock: MockClock) -> None:
    """A boat has one at a time; the buyer may turn it down; it goes with its seller."""
    with trio.fail_after(10):
        async with open_bay() as bay:
            ann, ben, first = await offered(bay)
            assert await bay.do(ann, Propose(ben.entity, gives_gold=1)) == ""
            (second,) = bay.all(Offer)
            assert second != first
            assert await bay.do(ben, Withdraw(second)) == ""
            assert bay.at(ann).offer == 0
            assert await bay.do(ann, Propose(ben.entity, gives_gold=1)) == ""
            await bay.leave(ann)
            assert bay.all(Offer) == {}


async def test_an_offer_runs_out(autojump_clock: MockClock) -> None:
    """It cannot be accepted any more at once, and is swept away soon."""
    with trio.fail_after(60):
        async with open_bay() as bay:
            ann, ben, offer = await offered(bay)
            await trio.sleep(OFFER_MS / 1000 + 0.001)
            assert await bay.do(ben, Accept(offer)) == "gone"
            for _ in range(SWEEP_SIDE * SWEEP_SIDE):
                await bay.run(trade.sweep_offers.rule)
                await trio.sleep(1)
            assert (bay.all(Offer), bay.at(ann).offer) == ({}, 0)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3999, 3999), (1000, 1000), (1999, 3000)])
async def test_the_sweep_reaches_every_corner(x: int, y: int, autojump_clock: MockClock) -> None:
    """No place of the bay is left out."""
    with trio.fail_after(60):
        async with open_bay() as bay:
            ann, ben = await bay.boat(x, y, gold=1), await bay.boat(x, y)
            assert await bay.do(ann, Propose(ben.entity, gives_gold=1)) == ""
            await trio.sleep(OFFER_MS / 1000 + 1)
            for _ in range(SWEEP_SIDE * SWEEP_SIDE):
                await bay.run(trade.sweep_offers.rule)
                await trio.sleep(1)
            assert bay.all(Offer) == {}
