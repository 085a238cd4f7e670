"""Salvage over whole sessions: a wreck is worked on by one boat at a time, under a lease (CASES S11)."""

from __future__ import annotations

from typing import Any

import attrs
import trio
from trio.testing import MockClock

from server.game import EntityId, Transaction
from server.games.flotsam import game
from server.games.flotsam.salvage import SALVAGE_S
from server.games.flotsam.world import Boat, Ledger, Wreck
from server.wire import messages as wire
from tests.unit.server.quay import Player, Quay, memory_server, open_quay


async def wreck_at(quay: Quay, *players: Player) -> EntityId:
    """A wreck in the middle of the bay, with these players' boats at it."""
    ids: list[EntityId] = []

    def place(tx: Transaction) -> None:
        ids.append(tx.create(Wreck(2000, 2000, 7, 3, "Old")))
        for ledger_id, ledger in tx.all_placeless(Ledger):
            tx.patch(ledger_id, gold=ledger.gold + 7, oil=ledger.oil + 3)
        for player in players:
            tx.patch(EntityId(player.bot.avatar), x=2000, y=2000, gold=0, oil=0)

    await quay.host.world.transact(place)
    await quay.settle()
    return ids[-1]


def boat(quay: Quay, player: Player) -> Boat:
    """A player's boat as the node has it."""
    value = quay.host.world.replica.read(EntityId(player.bot.avatar))[1]
    assert isinstance(value, Boat)
    return value


def events(player: Player, name: str) -> list[Any]:
    """The bodies of the events of a name that a player heard."""
    player.listen()
    heard = [row for message in player.heard if isinstance(message, wire.Events) for row in message.events]
    return [row.body for row in heard if row.name == name]


async def test_three_seconds_of_work_bring_the_cargo(autojump_clock: MockClock) -> None:
    """Not before; meanwhile the player rows and shouts."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann = await quay.join()
            wreck = await wreck_at(quay, ann)
            ann.do(1, "salvage", wreck=wreck)
            await trio.sleep(SALVAGE_S - 0.5)
            ann.do(2, "row", dx=5, dy=0)
            ann.do(3, "shout", text="heave!")
            await quay.settle()
            assert [ack.code for ack in ann.answers().values()] == ["", "", ""]
            assert (boat(quay, ann).gold, boat(quay, ann).salvages) == (0, wreck)
            await quay.settle()
            assert (boat(quay, ann).gold, boat(quay, ann).oil, boat(quay, ann).salvages) == (7, 3, 0)
            assert events(ann, "salvaged") == [{"boat": ann.bot.avatar, "wreck": wreck, "gold": 7, "oil": 3}]
            assert not [name for _, name in quay.server.model.leases if name == f"action.wreck-{wreck}"]


async def test_the_second_at_a_wreck_is_told_that_it_is_taken(autojump_clock: MockClock) -> None:
    """On another node too: the lease is the store's."""
    with trio.fail_after(60):
        server = memory_server()
        async with open_quay(game, server=server) as one, open_quay(game, server=server, node="node2") as two:
            two.players = 10
            ann, ben = await one.join(), await two.join()
            wreck = await wreck_at(one, ann, ben)
            ann.do(1, "salvage", wreck=wreck)
            await one.settle()
            ben.do(1, "salvage", wreck=wreck)
            await two.settle()
            assert (events(ben, "gave_up"), boat(two, ben).salvages) == ([{"wreck": wreck}], 0)
            await trio.sleep(SALVAGE_S)
            assert (boat(one, ann).gold, boat(two, ben).gold) == (7, 0)


async def test_who_moves_away_gives_up_and_the_wreck_is_free_at_once(autojump_clock: MockClock) -> None:
    """Another may begin within the three seconds."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann, ben = await quay.join(), await quay.join()
            wreck = await wreck_at(quay, ann, ben)
            ann.do(1, "salvage", wreck=wreck)
            await quay.settle()
            for seq in (2, 3, 4):
                ann.do(seq, "row", dx=40, dy=0)
            await trio.sleep(0.6)
            assert events(ann, "gave_up") == [{"wreck": wreck}]
            ben.do(1, "salvage", wreck=wreck)
            await trio.sleep(SALVAGE_S + 0.5)
            assert (boat(quay, ann).gold, boat(quay, ben).gold) == (0, 7)


async def test_a_lost_connection_frees_the_wreck(autojump_clock: MockClock) -> None:
    """The work of who is away is dropped, before it would have been done."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann, ben = await quay.join(), await quay.join()
            wreck = await wreck_at(quay, ann, ben)
            ann.do(1, "salvage", wreck=wreck)
            await quay.settle()
            ann.hang_up()
            await quay.settle()
            ben.do(1, "salvage", wreck=wreck)
            await trio.sleep(SALVAGE_S + 0.5)
            assert boat(quay, ben).gold == 7


async def test_a_dead_node_frees_the_wreck(autojump_clock: MockClock) -> None:
    """A lease of a node that says nothing more runs out by the store's clock."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ben = await quay.join()
            wreck = await wreck_at(quay, ben)
            name = f"action.wreck-{wreck}"
            await quay.host.store.take_lease(quay.host.world.name, name, "dead node", SALVAGE_S + 2)  # type: ignore[arg-type]
            ben.do(1, "salvage", wreck=wreck)
            await quay.settle()
            assert events(ben, "gave_up") == [{"wreck": wreck}]
            await trio.sleep(SALVAGE_S + 2)
            ben.do(2, "salvage", wreck=wreck)
            await trio.sleep(SALVAGE_S + 0.5)
            assert boat(quay, ben).gold == 7


async def test_a_lost_lease_brings_nothing(autojump_clock: MockClock) -> None:
    """The node was stopped for too long and another has the lease: the work is over, and the cargo stays."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann = await quay.join()
            wreck = await wreck_at(quay, ann)
            ann.do(1, "salvage", wreck=wreck)
            await quay.settle()
            (key,) = [key for key in quay.server.model.leases if key[1] == f"action.wreck-{wreck}"]
            held = quay.server.model.leases[key]
            quay.server.model.leases[key] = attrs.evolve(held, token=held.token + 1, owner="another")
            await trio.sleep(SALVAGE_S + 0.5)
            assert (boat(quay, ann).gold, boat(quay, ann).salvages) == (0, 0)
            assert isinstance(quay.host.world.replica.read(wreck)[1], Wreck)
            assert events(ann, "gave_up") == [{"wreck": wreck}]


async def test_one_crew_does_one_work_at_a_time(autojump_clock: MockClock) -> None:
    """A second command while it works is refused; so is a wreck out of reach, or none."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            ann = await quay.join()
            wreck = await wreck_at(quay, ann)
            ann.do(1, "salvage", wreck=ann.bot.avatar)
            ann.do(2, "salvage", wreck=wreck)
            ann.do(3, "salvage", wreck=wreck)
            await trio.sleep(SALVAGE_S + 0.5)
            assert [ack.code for ack in ann.answers().values()] == ["gone", "", "busy"]
            assert boat(quay, ann).gold == 7
