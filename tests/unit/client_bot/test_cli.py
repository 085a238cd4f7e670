"""The command ``bots``: options, exit codes, and that wrong use is one clear line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from client_bot.cli import bots, read_duration


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--url", "http://127.0.0.1/"], "WebSocket address"),
        (["--bots", "0"], "bots"),
        (["--bots", "many"], "--bots"),
        (["--for", "3x"], "not a duration"),
        (["--for", "nan"], "seconds"),
        (["--brain", "pirate=1"], "'pirate'"),
        (["--brain", "hoarder=much"], "not a number"),
        (["--format", "xml"], "--format"),
        (["--rate", "0"], "rate_hz"),
        (["--churn", "0s"], "stay_s"),
        (["--think", "soon"], "not a duration"),
        (["--processes", "0"], "--processes"),
        (["--processes", "2", "--record", "here"], "one process"),
    ],
)
def test_wrong_options_are_explained(arguments: list[str], text: str) -> None:
    """Exit code 2, the offending value in one error line, no traceback."""
    outcome = CliRunner().invoke(bots, arguments)
    assert outcome.exit_code == 2
    errors = [line for line in outcome.output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert text in errors[0]


def test_an_unreachable_server_is_one_line(tmp_path: Path) -> None:
    """Exit code 2, one line with the address, and no report."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{unused.getsockname()[1]}/ws/bay"
        report = tmp_path / "report.json"
        outcome = CliRunner().invoke(bots, ["--url", url, "--for", "1s", "--report", str(report)])
    assert outcome.exit_code == 2
    assert outcome.output.startswith(f"Error: {url} cannot be reached")
    assert len(outcome.output.splitlines()) == 1
    assert not report.exists()


DURATIONS = {"30": 30.0, "1.5s": 1.5, "2m": 120.0, "1h": 3600.0, "7d": 604_800.0}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_durations_have_units(text: str, seconds: float) -> None:
    """A bare number is seconds."""
    assert read_duration(text) == seconds
