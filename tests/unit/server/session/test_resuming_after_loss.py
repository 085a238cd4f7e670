"""Coming back when the store lost history, takes no writes, or is better informed than the node."""

from __future__ import annotations

import copy

import pytest
import trio
from trio.testing import MockClock

from server.wire import close_codes
from shared_state.errors import StoreError, UnknownIncarnation
from shared_state.memory_store import MemoryStore
from shared_state.session_row import unpack_row
from tests.unit.server.harbour import game
from tests.unit.server.quay import memory_server, open_quay
from tests.unit.server.session.test_resuming import GRACE_S, LIVE, boats, come_back, resume_of, sail
from tests.unit.shared_state.flaky_store import Fault, FlakyStore, lose


async def test_a_leader_that_is_not_heard_of_keeps_its_own_players(autojump_clock: MockClock) -> None:
    """Who leads lives, whatever the directory has heard: its players are no ghosts, and stay."""
    with trio.fail_after(120):
        async with open_quay(game, live=set()) as quay:
            player = await quay.join(name="Ann")
            await trio.sleep(GRACE_S * 2)
            assert player.line.closed is None
            assert len(boats(quay)) == 1


async def test_a_node_that_has_not_seen_the_avatar_yet_takes_its_player_in(autojump_clock: MockClock) -> None:
    """S08: the delta that made the avatar was lost on the way to this node; the store knows better than its replica."""
    with trio.fail_after(120):
        server = memory_server()
        deaf = FlakyStore(MemoryStore(server))
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, store=deaf, node="node2", live=LIVE) as there,
        ):
            deaf.channel = lose
            player = await here.join(name="Ann")
            player.hang_up()
            again = await come_back(there, resume_of(player))
            await trio.sleep(5)
            again.listen()
            assert again.line.closed is None
            assert again.bot.avatar == player.bot.avatar


async def test_a_player_whose_move_was_lost_with_the_history_comes_back_and_stays(autojump_clock: MockClock) -> None:
    """S14: the store forgets that the session went on to another node: that node asks its player to come back."""
    with trio.fail_after(240):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            player = await here.join(name="Ann")
            player.hang_up()
            await here.settle()
            old = copy.deepcopy(server.model.worlds)
            moved = await come_back(there, resume_of(player))
            server.model.worlds.update(old)
            await trio.sleep(5)
            assert moved.line.closed == (close_codes.SESSION_MOVED, "the session has ended")
            moved.hang_up()
            again = await come_back(there, resume_of(moved))
            await trio.sleep(GRACE_S * 2)
            assert again.line.closed is None
            assert again.bot.avatar == player.bot.avatar
            assert len(boats(there)) == 1


async def test_a_session_that_the_store_brought_back_leaves_after_the_grace_period(autojump_clock: MockClock) -> None:
    """S14: the store forgets that a player left; its row names a node that lives and serves it not: no ghost."""
    with trio.fail_after(240):
        server = memory_server()
        async with open_quay(game, server=server) as quay:
            player = await quay.join(name="Ann")
            old = copy.deepcopy(server.model.worlds)
            player.leave()
            await quay.settle()
            assert boats(quay) == []
            server.model.worlds.update(old)
            await trio.sleep(5)
            assert len(boats(quay)) == 1
            await trio.sleep(GRACE_S * 2)
            assert boats(quay) == []
            assert quay.rows == {}


async def test_generations_of_two_histories_differ(autojump_clock: MockClock) -> None:
    """S14: the store forgets a resume, another node makes one: the first node's right is not the second one's."""
    with trio.fail_after(240):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            player = await here.join(name="Ann")
            old = copy.deepcopy(server.model.worlds)
            lost = await come_back(here, resume_of(player))
            server.model.worlds.update(old)
            again = await come_back(there, resume_of(player))
            assert lost.session.writer is not None
            assert again.session.writer is not None
            assert lost.session.writer.head != again.session.writer.head
            lost.hang_up()
            await trio.sleep(GRACE_S * 2)
            assert again.line.closed is None
            assert unpack_row(there.rows["s1"])[1].away_since_ms == 0


async def test_a_resume_that_finds_its_session_gone_half_way_begins_a_new_one(autojump_clock: MockClock) -> None:
    """The session is removed while its take-over is on its way: the player gets a fresh one, numbered from 1."""
    with trio.fail_after(240):
        server, gate = memory_server(), trio.Event()
        slow = FlakyStore(MemoryStore(server))
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, store=slow, node="node2", live=LIVE, join_limit_s=100.0) as there,
        ):
            player = await here.join(name="Ann")
            player.hang_up()
            there.players = 1
            slow.plan("commit", Fault(gate_before=gate))
            again = await come_back(there, resume_of(player))
            await trio.sleep(GRACE_S * 2)
            assert here.rows == {}
            gate.set()
            await there.settle()
            again.say(sail(1))
            await there.settle()
            assert again.answers()[1].code == ""
            assert again.bot.welcome is not None
            assert again.bot.welcome.session == "s2"
            assert len(boats(there)) == 1


async def test_a_resume_that_was_overtaken_while_history_changed_answers_what_took_effect(
    autojump_clock: MockClock,
) -> None:
    """S14: rows are asked for again while a take-over waits: the player's numbers count from there, not from before.

    Simulated, seed 262: the node took resent commands for new ones, and fell over them.
    """
    with trio.fail_after(240):
        server, gate = memory_server(), trio.Event()
        slow = FlakyStore(MemoryStore(server))
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, store=slow, node="node2", live=LIVE, join_limit_s=100.0) as there,
        ):
            player = await here.join(name="Ann")
            slow.plan("commit", Fault(gate_before=gate, error_before=UnknownIncarnation("who?")))
            again = await come_back(there, resume_of(player, sail(1), sail(2)))
            player.say(sail(1))
            player.say(sail(2))
            await here.settle()
            before = boats(here)
            gate.set()
            await trio.sleep(5)
            assert [again.answers()[seq].code for seq in (1, 2)] == ["", ""]
            assert boats(there) == before
            again.say(sail(3))
            await there.settle()
            assert again.answers()[3].code == ""
            assert boats(there) != before


@pytest.mark.parametrize("leaves", [True, False])
async def test_the_end_of_a_session_waits_for_a_store_that_takes_no_writes(
    autojump_clock: MockClock, leaves: bool
) -> None:
    """S26: the player is gone while the store is full; as soon as it is not, so is the avatar."""
    with trio.fail_after(240):
        server = memory_server()
        full = FlakyStore(MemoryStore(server))
        async with open_quay(game, server=server, store=full) as quay:
            player = await quay.join(name="Ann")
            refusals = [Fault(error_before=StoreError("OOM"))] * 3
            full.plan("commit", *refusals)
            full.plan("attach", *refusals)
            if leaves:
                player.leave()
            else:
                player.hang_up()
            await quay.settle()
            assert len(boats(quay)) == 1
            await trio.sleep(GRACE_S * 2)
            assert boats(quay) == []
            assert quay.rows == {}
