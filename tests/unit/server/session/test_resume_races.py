"""One resume secret, used twice at once, too early or too late: one winner, and never another's boat (S33)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from server.wire import close_codes
from server.wire import messages as wire
from shared_state.memory_store import MemoryStore
from tests.unit.server.harbour import game
from tests.unit.server.quay import Player, Quay, memory_server, open_quay
from tests.unit.server.session.test_resuming import GRACE_S, LIVE, boats, come_back, resume_of, sail
from tests.unit.shared_state.flaky_store import Fault, FlakyStore


async def rush(quays: list[Quay], join: wire.Join) -> list[Player]:
    """Connections that say the same in the same instant, and what became of them."""
    players = [quay.arrive() for quay in quays]
    for player in players:
        player.bot.hello()
        player.say(join)
    for quay in quays:
        await quay.settle()
    for player in players:
        player.listen()
    return players


@pytest.mark.parametrize("places", ["hh", "ht", "th", "hth", "hthththt"])
async def test_of_several_at_once_one_goes_on(places: str, autojump_clock: MockClock) -> None:
    """On one node or on two: the others are closed for good, so that they do not take it from each other for ever; the
    one that is left plays, with the one boat that there is."""
    with trio.fail_after(120):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            there.players = 100  # No two connections have one secret.
            first = await here.join(name="Ann")
            first.hang_up()
            await here.settle()
            players = await rush([here if place == "h" else there for place in places], resume_of(first))
            await trio.sleep(5)
            left = [player for player in players if player.line.closed is None]
            assert len(left) == 1
            lost = {player.line.closed[0] for player in players if player.line.closed is not None}
            assert lost == {close_codes.SESSION_REPLACED}
            (winner,) = left
            assert winner.bot.avatar == first.bot.avatar
            winner.say(sail(1))
            await trio.sleep(1)
            assert winner.answers()[1].code == ""
            for player in players:
                if player is not winner:
                    player.session.on_message(player.bot.codec.encode(sail(2, 100.0)))
                    player.hang_up()
            await trio.sleep(GRACE_S * 2)
            assert [boat.x for boat in boats(there)] == [1.0]
            assert winner.line.closed is None


async def test_who_was_overtaken_before_it_began_goes_at_once(autojump_clock: MockClock) -> None:
    """The store's answer to the first comes late: word of the second was there before it, and nobody to heed it."""
    with trio.fail_after(60):
        server, answered = memory_server(), trio.Event()
        store = FlakyStore(MemoryStore(server))
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, store=store, node="node2", live=LIVE) as there,
        ):
            there.players = 100
            first = await here.join(name="Ann")
            first.hang_up()
            await here.settle()
            store.plan("commit", Fault(gate_after=answered))
            late = await come_back(there, resume_of(first))
            winner = await come_back(here, resume_of(first))
            answered.set()
            await there.settle()
            assert late.line.closed is not None
            assert late.line.closed[0] == close_codes.SESSION_REPLACED
            assert winner.line.closed is None


async def test_a_connection_lost_before_the_first_view_is_resumed(autojump_clock: MockClock) -> None:
    """The client has its welcome and nothing else: it comes back as itself, and is shown the world."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            player = quay.arrive()
            player.bot.hello()
            player.say(wire.Join(name="Ann"))
            while not player.bot.welcome:
                await trio.lowlevel.checkpoint()
                player.listen()
            player.hang_up()
            again = await come_back(quay, resume_of(player))
            assert again.bot.avatar == player.bot.avatar
            assert again.held().keys() == {again.bot.avatar}


async def test_a_secret_is_worth_nothing_after_goodbye(autojump_clock: MockClock) -> None:
    """Who left, or was put out, and shows the secret again begins anew."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            gone, kicked = await quay.join(name="Ann"), await quay.join(name="Ben")
            gone.leave()
            quay.host.kick(kicked.session.session_id)
            await quay.settle()
            kicked.hang_up()
            for player in (gone, kicked):
                again = await come_back(quay, resume_of(player))
                assert again.bot.welcome is not None
                assert player.bot.welcome is not None
                assert again.bot.welcome.session != player.bot.welcome.session
                assert again.bot.avatar != player.bot.avatar
            assert len(boats(quay)) == 2
