"""docs/game-api.md: its game is played by bots, keeps its invariants, and its log can be run again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from server.game import Game
from server.game.game import load_game
from shared_state.replica import Replica
from tests.docs.pages import program
from tests.property.replay import Replay, rule_of_game, time_of
from tests.unit.server.quay import WORLD, memory_server, open_quay
from tests.unit.server.troupe import play
from tests.unit.shared_state.small_world import Bench


@pytest.fixture
def orchard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Game]:
    """The game of the page, as a module of its own."""
    (tmp_path / "orchard.py").write_text(program("game-api.md"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield load_game("orchard:game")
    sys.modules.pop("orchard")


async def test_the_game_of_the_page_is_played(orchard: Game, autojump_clock: MockClock) -> None:
    """A bot that has never seen it finds every command; all apples are where they should be; the log replays."""
    server = memory_server()
    with trio.fail_after(120):
        async with open_quay(orchard, server=server) as quay:
            tally = await play(quay, ["fuzzer"] * 4, seconds=30)
            entities = {id_: entity.value for id_, entity in quay.host.world.replica.entities.items()}
    assert set(tally.took_effect) == set(orchard.commands)
    assert tally.heard["picked"]
    assert [invariant.check(entities) for invariant in orchard.invariants] == [None]
    stored = server.model.worlds[WORLD]
    bench = Bench(world=WORLD, replica=Replica(orchard.schema()))
    Replay(rule_of_game(orchard), time_of, bench=bench).verify((payload for _, payload in stored.log), stored)
