"""``oarlock up`` as a user runs it: a verdict at the end, and no process left however it ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import trio

from server.games.flotsam import game
from tests.integration.families import Family, running

pytestmark = pytest.mark.integration

REPORT_KEYS = {
    "verdict", "reasons", "seed", "seconds", "nodes", "bots", "bots_per_node", "commands", "divergences", "gaps",
    "resyncs", "invariants", "latency_ms", "faults", "store", "node_cpu_s",
}  # fmt: skip


async def printed(output: Path, text: str) -> None:
    """Waits until the command has printed a text."""
    path = trio.Path(output)
    while text not in await path.read_text():  # noqa: ASYNC110  (what is waited for is in another process)
        await trio.sleep(0.05)


async def test_a_run_ends_with_a_verdict_and_a_report(tmp_path: Path) -> None:
    """Exit code 0, PASS as the last line, and a report with every key that reports have."""
    family, output, report_file = Family(), tmp_path / "output", tmp_path / "report.json"
    arguments = ["up", "--port", "0", "--bots", "10", "--for", "2", "--seed", "7", "--report", str(report_file)]
    with trio.fail_after(60):
        async with running(family, arguments, output) as process:
            assert await process.wait() == 0, output.read_text()
        assert await family.gone(5) == {}
    assert output.read_text().splitlines()[-1] == "PASS"
    report = json.loads(report_file.read_text())
    assert set(report) >= REPORT_KEYS
    assert (report["verdict"], report["seed"], report["bots"], report["nodes"]) == ("PASS", 7, 10, 2)
    assert report["invariants"] == {invariant.name: 0 for invariant in game.invariants}
    assert report["commands"]["acknowledged"] > 0
    assert report["store"]["transactions"] > 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)]
)
async def test_no_process_outlives_it(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Store, nodes and proxy are gone soon after Ctrl-C, a polite end, and kill -9 in the middle of play."""
    family, output = Family(), tmp_path / "output"
    with trio.fail_after(60):
        async with running(family, ["up", "--port", "0", "--bots", "5"], output) as process:
            await printed(output, "Oarlock is up")
            started = family.members().values()
            assert sum("server.cli serve" in line and "/bin/sh" not in line for line in started) == 2
            assert any("haproxy" in line for line in started)
            assert len(started) >= 8
            process.send_signal(number)
            assert await process.wait() == code
        assert await family.gone(10) == {}


async def test_no_process_outlives_it_when_it_ends_while_starting(tmp_path: Path) -> None:
    """Killed before it is up, it leaves nothing either."""
    for delay_s in (0.6, 1.2):
        family = Family()
        with trio.fail_after(30):
            async with running(family, ["up", "--port", "0", "--bots", "5"], tmp_path / "output"):
                await trio.sleep(delay_s)
            assert await family.gone(10) == {}
