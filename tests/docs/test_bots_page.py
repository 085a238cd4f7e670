"""docs/bots.md: the brain of the page plays, found by its name as a user would give it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from client_bot.brains import BRAINS
from server.games.flotsam import game
from tests.docs.pages import DOCS, program
from tests.unit.server.quay import open_quay
from tests.unit.server.troupe import play


async def test_the_brain_of_the_page_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    """It is as short as it looks, and takes crates."""
    (tmp_path / "gull.py").write_text(program("bots.md"), encoding="utf-8")
    assert len([line for line in program("bots.md").splitlines() if line.strip()]) <= 20
    monkeypatch.syspath_prepend(tmp_path)
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            tally = await play(quay, ["gull:Gull"] * 3, seconds=20)
    assert tally.took_effect["grab"] > 3
    sys.modules.pop("gull")


def test_the_page_names_every_brain() -> None:
    """None is left out, none is invented."""
    rows = [line.split("`")[1] for line in (DOCS / "bots.md").read_text().splitlines() if line.startswith("| `")]
    assert rows[: len(BRAINS)] == list(BRAINS)
