"""Bots learn a game from the schema in ``welcome``: the fuzzer plays one that it has never seen."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from tests.unit.server.harbour import game
from tests.unit.server.quay import open_quay
from tests.unit.server.troupe import play


async def test_the_fuzzer_plays_any_game(autojump_clock: MockClock) -> None:
    """Every command of the game is tried; the game's own faults are answered, and no view is wrong."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            tally = await play(quay, ["fuzzer"] * 2, seconds=6)
    assert tally.took_effect
    assert tally.acknowledged + tally.rejected + tally.busy == tally.sent > 60
