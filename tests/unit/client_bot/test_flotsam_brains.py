"""The behaviours that play Flotsam: what each does where it has a reason to."""

from __future__ import annotations

import random

import msgspec
import pytest

from client_bot.brains import Sight, find_brain
from client_bot.brains.brawler import RAM_EVERY_S
from client_bot.brains.hoarder import SALVAGE_S
from client_bot.brains.trader import OFFER_EVERY_S
from client_bot.lexicon import Lexicon
from client_bot.mirror import Mirror
from server.game import Kind
from server.games.flotsam import game
from server.games.flotsam.world import Boat, Crate, Lighthouse, Offer, Wreck
from server.wire import messages as wire

SCHEMA = game.wire_schema()
HERE = (500, 500)


def sight(*things: Kind, now_s: float = 0.0, seed: int = 7) -> Sight:
    """A view of one cell with these things, with ids from 1 on; the first is the own boat."""
    mirror = Mirror(Lexicon(SCHEMA), "e1", 1)
    rows = [
        wire.EntityRow(id_, game.kinds.index(type(thing)), list(msgspec.structs.astuple(thing)))
        for id_, thing in enumerate(things, 1)
    ]
    mirror.apply_cells(wire.Cells(1, [wire.CellContent(10, rows)], []))
    return Sight(mirror, 1, random.Random(seed), now_s)


def test_a_hoarder_works_on_a_wreck_and_waits() -> None:
    """In reach it salvages, and does nothing that would take it away; a wreck that another works on it leaves alone."""
    brain = find_brain("hoarder")()
    scene = (Boat(*HERE, "a"), Wreck(*HERE, 5, 5, "w"))
    assert brain.decide(sight(*scene)) == [("salvage", {"wreck": 2})]
    assert brain.decide(sight(*scene, now_s=SALVAGE_S - 0.1)) == []
    assert brain.decide(sight(*scene, now_s=SALVAGE_S + 2.0)) != []
    taken = find_brain("hoarder")().decide(sight(*scene, Boat(*HERE, "b", salvages=2)))
    assert [command for command, _ in taken] == ["row"]


def test_a_brawler_charges_and_then_gets_its_breath_back() -> None:
    """A stroke towards the other boat and the ram, in one go; the next one only when it can be."""
    brain = find_brain("brawler")()
    scene = (Boat(*HERE, "a"), Boat(580, 500, "b"))
    assert brain.decide(sight(*scene)) == [("row", {"dx": 40, "dy": 0}), ("ram", {"boat": 2})]
    assert "ram" not in dict(brain.decide(sight(*scene, now_s=RAM_EVERY_S - 0.1)))
    assert brain.decide(sight(Boat(*HERE, "a"), Boat(900, 500, "b"), now_s=RAM_EVERY_S * 2)) == [
        ("row", {"dx": 40, "dy": 0})
    ]


@pytest.mark.parametrize(("gold", "oil"), [(3, 0), (0, 3), (3, 3)])
def test_a_trader_offers_what_it_has(gold: int, oil: int) -> None:
    """To a boat nearby, not more than it has, and not again at once."""
    brain = find_brain("trader")()
    scene = (Boat(*HERE, "a", gold, oil=oil), Boat(550, 500, "b"))
    [(command, args)] = brain.decide(sight(*scene))
    assert (command, args["boat"]) == ("propose", 2)
    assert args["gives_gold"] + args["gives_oil"] > 0
    assert args["gives_gold"] <= gold
    assert args["gives_oil"] <= oil
    assert "propose" not in dict(brain.decide(sight(*scene, now_s=OFFER_EVERY_S - 0.1)))


@pytest.mark.parametrize(
    ("buyer", "wants", "accepts"), [(1, 2, True), (1, 3, False), (2, 0, False)], ids=["good", "too dear", "not for it"]
)
def test_an_offer_is_taken_by_whom_it_is_for_and_who_can_pay(buyer: int, wants: int, accepts: bool) -> None:
    """Hoarders, and all who hoard at times, look for offers."""
    offer = Offer(*HERE, 2, buyer, 1, 0, 0, wants, 0)
    orders = find_brain("hoarder")().decide(sight(Boat(*HERE, "a", oil=2), Boat(*HERE, "b", gold=5), offer))
    assert (orders == [("accept", {"offer": 3})]) is accepts


def test_a_keeper_outbids_and_pays() -> None:
    """With enough oil it goes to the lighthouse; it pledges only what beats the pledge there, and adds to its own."""
    far, near = Lighthouse(900, 500, "L", 9), Lighthouse(600, 500, "L", 9, 5, "b", 3)
    boat = Boat(*HERE, "a", gold=2, oil=4)
    assert find_brain("keeper")().decide(sight(boat, far)) == [("row", {"dx": 40, "dy": 0})]
    pay, kindle = ("pay", {"lighthouse": 2, "gold": 1}), ("kindle", {"lighthouse": 2, "oil": 4})
    assert find_brain("keeper")().decide(sight(boat, near)) == [pay, kindle]
    dear = msgspec.structs.replace(near, pledge=4)
    assert find_brain("keeper")().decide(sight(boat, dear)) == [pay]
    own = msgspec.structs.replace(dear, keeper=1)
    assert find_brain("keeper")().decide(sight(boat, own)) == [pay, kindle]


def test_a_griefer_tries_every_cheat() -> None:
    """Commands that do not exist, arguments out of bounds, things that are not its own."""
    brain = find_brain("griefer")()
    others = (Boat(600, 500, "b"), Crate(3000, 500, 1), Offer(*HERE, 2, 4, 1, 0, 0, 0, 0), Lighthouse(0, 0, "L", 9))
    looks = [sight(Boat(*HERE, "a"), *others, seed=seed) for seed in range(300)]
    orders = [order for look in looks for order in brain.decide(look)]
    assert {command for command, _ in orders} == set(game.commands) | {"sink_them_all"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pirate", "no brain is called 'pirate'"),
        ("no_such_module:Pirate", "No module"),
        (":Pirate", "Empty module"),
        ("client_bot.brains:Pirate", "no Brain named 'Pirate'"),
        ("client_bot.brains:find_brain", "no Brain named 'find_brain'"),
    ],
)
def test_a_brain_that_is_not_there_is_named(name: str, text: str) -> None:
    """One line that says what is wrong."""
    with pytest.raises(ValueError, match=text):
        find_brain(name)


def test_a_brain_of_ones_own_is_found() -> None:
    """By module and class."""
    assert type(find_brain("client_bot.brains.idler:Idler")()) is find_brain("idler")
