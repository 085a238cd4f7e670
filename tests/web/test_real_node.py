"""The SDK against a real node, under Node.js: the example of its page, and a player's whole life."""

from __future__ import annotations

import json
from pathlib import Path

import trio

from tests.integration.whole_node import whole_node
from tests.web.nodejs import NODE

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "sdk.md"
DEADLINE_S = 60


async def run(*arguments: str) -> str:
    """What a program printed. Raises: AssertionError when it failed."""
    done = await trio.run_process([NODE, *arguments], capture_stdout=True, capture_stderr=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return str(done.stdout.decode())


def test_the_example_has_about_thirty_lines() -> None:
    """The page promises it."""
    example = PAGE.read_text().partition("```js\n")[2].partition("```")[0]
    assert sum(bool(line.strip()) for line in example.splitlines()) <= 30


async def test_the_example_of_the_page_plays() -> None:
    """It joins, sees what is there, rows, and draws itself and others."""
    with trio.fail_after(DEADLINE_S):
        async with whole_node() as node:
            printed = await run(str(HERE / "run_example.mjs"), str(PAGE), f"http://127.0.0.1:{node.port}/")
    lines = printed.splitlines()
    assert lines[:2] == ["connecting ", "playing node1"]
    assert any(line.startswith("Boat ") and line.endswith("comes into view") for line in lines)
    assert any(line.startswith("rowed, at version ") for line in lines)
    assert "Boat" in lines[-1].removeprefix("drawn: ").split()


async def test_a_player_s_whole_life() -> None:
    """Commands take effect once over a cut connection; spectators follow; a reload takes the session over."""
    with trio.fail_after(DEADLINE_S):
        async with whole_node(game="tests.browser.cove:game") as node:
            url = f"ws://127.0.0.1:{node.port}/ws/cove"
            happened = json.loads(await run(str(HERE / "play_cove.mjs"), url))
    assert happened == {
        "rowed": ["", "", ""],
        "after": 6,
        "offline": "offline",
        "resent": [""] * 5,
        "afterCut": 366,
        "sameSession": True,
        "reconnects": 1,
        "seen": 366,
        "before": 366,
        "spectator": "spectator",
        "unknown": "bad_arguments",
        "clockIsRight": True,
        "rejoined": True,
        "closed": 4504,
        "counted": [""],
        "last": 368,
        "left": "gone",
        "ends": ["closed", "closed"],
        "divergences": [0, 0, 0],
        "refused": 1000,
    }
