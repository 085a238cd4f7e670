"""The bay as it is tuned: bots find something of everything to do, and cheats get nowhere."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from client_bot.plan import SwarmPlan
from server.games.flotsam import game
from tests.unit.server.quay import Quay, open_quay
from tests.unit.server.troupe import play


def wrong(quay: Quay) -> list[str]:
    """The invariants that do not hold."""
    return [text for _, text in game.broken(quay.host.world.replica.values)]


async def test_there_is_something_of_everything_to_do(autojump_clock: MockClock) -> None:
    """In half a minute twenty usual bots grab, ram, trade, salvage, keep lights and shout, and few are refused."""
    with trio.fail_after(120):
        async with open_quay(game) as quay:
            tally = await play(quay, SwarmPlan(bots=20).cast(), seconds=30)
            assert wrong(quay) == []
    done, heard = tally.took_effect, tally.heard
    assert all(done[name] for name in ("row", "grab", "ram", "accept", "salvage", "kindle", "pay", "shout")), done
    assert all(heard[name] for name in ("rammed", "traded", "salvaged", "kept")), heard
    assert tally.rejected < tally.sent / 20
    assert tally.busy == 0


async def test_cheats_are_refused_and_harm_nobody(autojump_clock: MockClock) -> None:
    """Griefers keep their connections, take nothing that is not theirs, and others go on playing."""
    with trio.fail_after(120):
        async with open_quay(game) as quay:
            tally = await play(quay, ["griefer"] * 4 + ["hoarder"] * 2, seconds=20)
            assert wrong(quay) == []
    assert set(tally.rejections) >= {"tired", "gone", "too_far", "too_poor", "bad_arguments", "unknown_command"}
    assert tally.took_effect["grab"] > 5
    assert tally.blamed == 0
