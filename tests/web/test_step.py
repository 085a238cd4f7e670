"""The page's arithmetic of boats is the rules' own."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.games.flotsam import motion, world
from tests.web.nodejs import NODE

HERE = Path(__file__).parent
STEPS = 10_000
NAMES: dict[str, Callable[..., Any]] = {
    "step": motion.step,
    "effortMs": motion.effort_ms,
    "tire": motion.tire,
    "isWithin": motion.is_within,
    "isAhead": motion.is_ahead,
}


def make_calls(chance: random.Random) -> list[tuple[str, list[int]]]:
    """Calls with random numbers of the sizes that play has, and with their corners."""
    calls: list[tuple[str, list[int]]] = []
    for _ in range(STEPS):
        x, y, to_x, to_y = (chance.randrange(motion.SIZE) for _ in range(4))
        dx, dy = (chance.randint(-world.STROKE, world.STROKE) for _ in range(2))
        now_ms = chance.randrange(1_700_000_000_000, 1_900_000_000_000)
        rested_ms = now_ms + chance.randint(-700, 700)
        calls += [
            ("step", [x, y, dx, dy]),
            ("effortMs", [dx, dy]),
            ("tire", [rested_ms, now_ms, motion.effort_ms(dx, dy)]),
            ("isWithin", [x, y, to_x, to_y, chance.randint(0, 200)]),
            ("isAhead", [x, y, dx, dy, to_x, to_y]),
        ]
    corners = [("step", [edge, edge, by, by]) for edge in (0, motion.SIZE - 1) for by in (-40, 0, 40)]
    tired = [("tire", [0, 1_700_000_000_000, effort]) for effort in (motion.BURST_MS, motion.BURST_MS + 1)]
    return calls + corners + tired


def test_ten_thousand_strokes_are_the_same_in_the_page_and_in_the_rules() -> None:
    """Each function of step.js returns what its namesake in motion.py does, bit for bit."""
    calls = make_calls(random.Random(7))
    command = [NODE, str(HERE / "steps.mjs")]
    done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, timeout=60, check=True)
    expected = [NAMES[name](*args) for name, args in calls]
    assert json.loads(done.stdout) == json.loads(json.dumps(expected))


def test_the_measures_are_the_same() -> None:
    """The constants of step.js are those of motion.py."""
    text = (HERE.parents[1] / "server" / "web" / "flotsam" / "step.js").read_text()
    for name in ("SIZE", "SPEED_PER_S", "BURST_MS"):
        assert f"export const {name} = {getattr(motion, name)};" in text
