"""Coming back: to the same avatar, from any node, with every command answered once and truly."""

from __future__ import annotations

import msgspec
import pytest
import trio
from trio.testing import MockClock

from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import MSGPACK
from shared_state.session_row import unpack_row
from tests.unit.server.harbour import Boat, game
from tests.unit.server.quay import Player, Quay, memory_server, open_quay

GRACE_S = 15.0
LIVE = {"node1-1", "node2-1"}


def resume_of(player: Player, *pending: wire.Do, secret: str | None = None) -> wire.Join:
    """What the player's client would say on a new connection, if it had lost its view."""
    welcome = player.bot.welcome
    assert welcome is not None
    kept = welcome.secret if secret is None else secret
    return wire.Join("Ann", resume=wire.Resume(welcome.session, kept, welcome.epoch, welcome.version, list(pending)))


async def come_back(quay: Quay, join: wire.Join) -> Player:
    """A new connection that says ``join``, once its first view is there."""
    player = quay.arrive()
    player.bot.hello()
    player.say(join)
    await quay.settle()
    player.listen()
    return player


def sail(seq: int, dx: float = 1.0) -> wire.Do:
    """A command as a client keeps it until it is answered."""
    return wire.Do(seq, "sail", msgspec.Raw(MSGPACK.encode_value({"dx": dx})))


def boats(quay: Quay) -> list[Boat]:
    """The boats in this node's replica."""
    return [e.value for e in quay.host.world.replica.entities.values() if isinstance(e.value, Boat)]


async def test_a_player_comes_back_to_another_node_as_itself(autojump_clock: MockClock) -> None:
    """The connection is lost, another node takes the session over: same avatar, same place, one boat all the time."""
    with trio.fail_after(90):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            player = await here.join(name="Ann")
            player.say(sail(1, 7.0))
            await here.settle()
            player.hang_up()
            await here.settle()
            assert unpack_row(here.rows["s1"])[1].away_since_ms > 0
            again = await come_back(there, resume_of(player))
            assert again.bot.welcome is not None
            assert again.bot.welcome.session == "s1"
            assert again.bot.avatar == player.bot.avatar
            assert again.held()[again.bot.avatar][0] == 7.0
            head, tail = unpack_row(here.rows["s1"])
            assert (head.seq, tail.node, tail.away_since_ms) == (1, "node2-1", 0)
            assert head.generation != 1
            await trio.sleep(GRACE_S * 2)
            assert len(boats(here)) == len(boats(there)) == 1
            assert again.bot.findings.first == []


async def test_pending_commands_get_their_true_answers(autojump_clock: MockClock) -> None:
    """Committed before: told so, not done again. Refused before: told so. Never seen: done now. In order, once each."""
    with trio.fail_after(90):
        server = memory_server()
        async with open_quay(game, server=server) as quay:
            player = await quay.join(name="Ann")
            player.say(sail(1))
            player.do(2, "refuse")
            player.say(sail(3))
            await quay.settle()
            player.hang_up()
            refused = wire.Do(2, "refuse", msgspec.Raw(MSGPACK.encode_value({})))
            again = await come_back(quay, resume_of(player, sail(1), refused, sail(3), sail(4), sail(5)))
            await quay.settle()
            answers = again.answers()
            assert {seq: ack.code for seq, ack in answers.items()} == {1: "", 2: "refused", 3: "", 4: "", 5: ""}
            assert again.held()[again.bot.avatar][0] == 4.0
            again.say(sail(6))
            await quay.settle()
            assert again.held()[again.bot.avatar][0] == 5.0


@pytest.mark.parametrize("secret", ["", "null", "secret2", "\x00" * 40])
async def test_a_thief_gets_a_session_of_its_own(secret: str, autojump_clock: MockClock) -> None:
    """Without the session's secret a resume is an ordinary join; the owner notices nothing (CASES S33)."""
    with trio.fail_after(90):
        async with open_quay(game) as quay:
            player = await quay.join(name="Ann")
            thief = await come_back(quay, resume_of(player, secret=secret))
            assert thief.bot.welcome is not None
            assert thief.bot.welcome.session != "s1"
            assert thief.bot.avatar != player.bot.avatar
            player.say(sail(1))
            await quay.settle()
            assert player.answers()[1].code == ""
            assert player.line.closed is None


async def test_the_second_connection_replaces_the_first(autojump_clock: MockClock) -> None:
    """On one node or two: the older connection is closed for good, and what it still sends changes nothing (S06)."""
    with trio.fail_after(90):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            first = await here.join(name="Ann")
            second = await come_back(here, resume_of(first))
            assert first.line.closed is not None
            assert first.line.closed[0] == close_codes.SESSION_REPLACED
            third = await come_back(there, resume_of(second))
            await here.settle()
            assert second.line.closed is not None
            assert second.line.closed[0] == close_codes.SESSION_REPLACED
            second.session.on_message(second.bot.codec.encode(sail(1, 100.0)))
            first.hang_up()
            second.hang_up()
            await trio.sleep(GRACE_S * 2)
            assert len(boats(there)) == 1
            assert third.held()[third.bot.avatar][0] == 0.0
            assert unpack_row(here.rows["s1"])[1].away_since_ms == 0


async def test_who_does_not_come_back_is_gone_after_the_grace_period(autojump_clock: MockClock) -> None:
    """The avatar stays for the grace period and not much longer; the row goes with it."""
    with trio.fail_after(120):
        async with open_quay(game) as quay:
            player = await quay.join(name="Ann")
            player.hang_up()
            await trio.sleep(GRACE_S - 2)
            assert len(boats(quay)) == 1
            await trio.sleep(5)
            assert boats(quay) == []
            assert quay.rows == {}
            late = await come_back(quay, resume_of(player))
            assert late.bot.welcome is not None
            assert late.bot.welcome.session != "s1"


async def test_who_leaves_is_gone_at_once(autojump_clock: MockClock) -> None:
    """``leave`` needs no grace period."""
    with trio.fail_after(90):
        async with open_quay(game) as quay:
            player = await quay.join(name="Ann")
            player.say(wire.Leave())
            player.hang_up()
            await quay.settle()
            assert boats(quay) == []
            assert quay.rows == {}


async def test_players_of_a_dead_node_leave_after_the_grace_period(autojump_clock: MockClock) -> None:
    """A node that ends without a word: its players are removed by the leader elsewhere, live ones never."""
    with trio.fail_after(120):
        server, live = memory_server(), {"node1-1", "node2-1"}
        async with open_quay(game, server=server, node="node2", live=live) as there:
            async with open_quay(game, server=server, live=live) as here:
                await here.join(name="Ann")
            there.players = 1
            stays = await there.join(name="Ben")
            await trio.sleep(GRACE_S * 2)
            assert len(boats(there)) == 2
            live.discard("node1-1")
            await trio.sleep(GRACE_S + 3)
            assert len(boats(there)) == 1
            assert stays.line.closed is None
            assert there.host.world.replica.entities.keys() == stays.held().keys()


async def test_who_comes_back_in_time_is_shown_what_changed(autojump_clock: MockClock) -> None:
    """On any node the client keeps its view and gets a catch-up; one that claims no cells, or nonsense, a reset."""
    with trio.fail_after(90):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            player, other = await here.join(name="Ann"), await here.join(name="Ben")
            goner = await here.join(name="Cid")
            player.listen()
            player.hang_up()
            other.do(1, "sail", dx=5.0)
            goner.leave()
            await here.settle()
            claim = resume_of(player)
            player.bot.disconnected()
            player.bot.resumes = True
            again = there.arrive()
            again.bot = player.bot
            again.say(player.bot.hello())
            await there.settle()
            assert [type(news) for news in again.listen()] == [wire.Welcome, wire.Delta]
            held = again.held()
            assert held.keys() == there.host.world.replica.entities.keys()
            assert held[other.bot.avatar][0] == 5.0
            assert again.bot.findings.first == []
            assert again.bot.mirror is not None
            assert again.bot.mirror.digests_checked == 1
            for cells in ([], [1] * 2000):
                assert claim.resume is not None
                claim = wire.Join("Ann", resume=msgspec.structs.replace(claim.resume, cells=cells))
                late = await come_back(here, claim)
                assert [type(news) for news in late.heard[:3]] == [wire.Welcome, wire.Reset, wire.Cells]
