"""Spectators: they look, at a place or after an entity, within bounds, and nothing more."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from server.wire import messages as wire
from server.wire.codec import JSON
from shared_state.cell import cell_at
from tests.unit.server.harbour import game
from tests.unit.server.quay import open_quay


async def test_a_spectator_watches_places_and_follows_players(autojump_clock: MockClock) -> None:
    """It has no avatar and leaves no trace; its view goes where it says, or where the followed boat goes."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            player, watcher = await quay.join(), await quay.join(JSON, spectate=True)
            assert (watcher.bot.avatar, len(quay.stored), set(quay.rows)) == (0, 1, {"s1"})
            watcher.say(wire.View(100.0, x=-900.0, y=-900.0))
            await quay.settle()
            assert watcher.held() == {}
            assert cell_at(-900, -900, 100) in watcher.session.view.shown
            watcher.say(wire.View(100.0, follow=player.bot.avatar))
            await quay.settle()
            player.do(1, "sail", dx=700.0)
            await quay.settle()
            assert watcher.held()[player.bot.avatar][0] == 700.0
            assert watcher.bot.findings.first == []


async def test_a_spectator_commands_nothing(autojump_clock: MockClock) -> None:
    """A command of one is told to be none; the world stays as it is."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            await quay.join()
            before = dict(quay.stored)
            watcher = await quay.join(spectate=True)
            watcher.do(1, "hoist", text="mine")
            await quay.settle()
            assert watcher.errors() == ["not_playing"]
            assert quay.stored == before


async def test_a_player_looks_from_its_avatar_only(autojump_clock: MockClock) -> None:
    """To look elsewhere, or after somebody else, would be to see what others may hide from it."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            player = await quay.join()
            shown = player.session.view.shown
            for look in (wire.View(100.0, x=500.0, y=500.0), wire.View(100.0, y=1.0), wire.View(100.0, follow=7)):
                player.say(look)
            await quay.settle()
            assert player.errors() == ["not_spectating"] * 3
            assert player.session.view.shown == shown


async def test_places_that_are_none_move_no_view(autojump_clock: MockClock) -> None:
    """Not a number, endless or half a place: the view stays inside the world, and nobody is disturbed (S29)."""
    with trio.fail_after(30):
        async with open_quay(game) as quay:
            other, watcher = await quay.join(), await quay.join(spectate=True)
            for x, y in ((float("nan"), 0.0), (float("inf"), float("-inf")), (1e300, None)):
                watcher.say(wire.View(0.0, x=x, y=y))
                await quay.settle()
                assert watcher.line.closed is None
                left, top, right, bottom = game.bounds
                inside = {cell_at(x, y, 100) for x in (left, 0, right) for y in (top, 0, bottom)}
                assert watcher.session.centre in inside
            other.do(1, "sail", dx=1.0)
            await quay.settle()
            assert other.answers()[1].code == ""
