"""What a process prints: for people and as JSON, one line each, and no variable of a program that failed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

PROGRAM = """
import sys
import structlog
from server.logs import BURST, configure_logs
from server.session.boundary import Boundary

configure_logs(as_json=sys.argv[1] == "json")
log = structlog.get_logger()
structlog.contextvars.bind_contextvars(node="node7")

def fail(secret):
    token = secret * 2
    raise RuntimeError("the game failed")

with Boundary(world="bay", session="s1"):
    fail("hunter" + "2")
log.info("player joined", session="s1", player="two\\nlines \\x1b[31m")
for _ in range(BURST + 5):
    log.warning("store link down")
log.debug("never seen")
"""


def printed(kind: str) -> list[str]:
    """The lines of a process that fails, in part, and goes on."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, kind], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_lines_have_what_a_search_needs() -> None:
    """Each is one JSON map with time, level and node; an error has its traceback in it."""
    lines = [json.loads(line) for line in printed("json")]
    assert all({"event", "level", "timestamp", "node"} <= line.keys() for line in lines)
    contained, joined, *repeated = lines
    assert (contained["world"], contained["session"], contained["node"]) == ("bay", "s1", "node7")
    assert "RuntimeError: the game failed" in contained["exception"]
    assert joined["player"] == "two\nlines \x1b[31m"
    assert {line["event"] for line in repeated} == {"store link down"}
    assert len(repeated) <= 105


@pytest.mark.parametrize("kind", ["json", "console"])
def test_a_failure_shows_no_variables(kind: str) -> None:
    """A traceback names files and lines, not what the program held: tokens and secrets are among it."""
    text = "\n".join(printed(kind))
    assert "the game failed" in text
    assert "hunter2" not in text


def test_nobody_writes_lines_of_his_own() -> None:
    """What a player is called cannot break a line, or colour a terminal."""
    text = "\n".join(printed("console"))
    assert "two\\nlines" in text
    assert "\x1b[31m" not in text


LIBRARY = """
import logging, sys
from shared_state.logs import log
exec(sys.argv[1])
log.warning("store link down", world="bay", loss="100 %s")
"""
LISTENERS = {
    "nobody": "",
    "the standard library": "logging.basicConfig(format='heard: %(message)s')",
    "a node": "from server.logs import configure_logs; configure_logs(as_json=True)",
}


@pytest.mark.parametrize("listener", LISTENERS)
def test_the_library_is_silent_until_somebody_listens(listener: str) -> None:
    """Used by another program it prints nothing, least of all to standard output; in a node its lines are as others."""
    command = [sys.executable, "-c", LIBRARY, LISTENERS[listener]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    if listener == "nobody":
        assert lines == []
    elif listener == "a node":
        line = json.loads(lines[0])
        assert (line["event"], line["level"], line["world"], line["loss"]) == (
            "store link down", "warning", "bay", "100 %s",
        )  # fmt: skip
        assert len(lines) == 1
    else:
        assert lines[0].startswith("heard: ")
        assert "store link down" in lines[0]
