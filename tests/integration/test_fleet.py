"""Bots in several processes: one run, one verdict, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import trio

from client_bot.connection import UnreachableError
from client_bot.fleet import run_fleet
from client_bot.moment import Moment
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.report import report_of
from client_bot.result import SwarmResult
from client_bot.verdict import verdict
from tests.integration.families import Family, running
from tests.integration.whole_node import whole_node

pytestmark = pytest.mark.integration

PLAN = SwarmPlan(bots=6, seconds=2.0, ramp_s=0.2, seed=3, grace_s=2.0, quiet_limit_s=0.5)


def members() -> list[int]:
    """The processes of this test's fleet, oldest first."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent == os.getpid() and "client_bot.fleet_member" in command:
            found.append(int(status.parent.name))
    return sorted(found)


@attrs.define(eq=False)
class Watch(SilentProgress):
    """Does something once bots are in."""

    act: Callable[[], object]
    has_acted: bool = False

    def show(self, moment: Moment) -> None:
        """Looks whether they are."""
        if moment.online and not self.has_acted:
            self.has_acted = True
            self.act()


async def play(plan: SwarmPlan, processes: int, meanwhile: Callable[[], object] = bool) -> SwarmResult:
    """Runs a plan in several processes; does something to them once they play."""
    result = await run_fleet(plan, processes, Watch(meanwhile))
    assert members() == []
    return result


async def test_processes_are_judged_as_one_run() -> None:
    """All bots are there, named and cast as the plan says; counts, times and views are put together."""
    with trio.fail_after(60):
        async with whole_node() as node:
            plan = attrs.evolve(PLAN, url=f"ws://127.0.0.1:{node.port}/ws/bay")
            result = await play(plan, 2)
    assert verdict(result) == ("PASS", [])
    assert sorted(int(bot.name.rpartition("-")[2]) for bot in result.bots) == list(range(6))
    assert {int(bot.name.rpartition("-")[2]): bot.brain for bot in result.bots} == dict(enumerate(plan.cast()))
    report = report_of(result)
    assert report.bots_per_node == {"node1": 6}
    assert sum(report.timeline.answered) == result.measures.do_to_done.count > 50
    assert sum(report.timeline.sent) == report.commands.sent
    assert result.digests_checked > 0


async def test_a_killed_process_fails_the_run() -> None:
    """The others play on to the end; the reason says which one ended, and how."""
    with trio.fail_after(60):
        async with whole_node() as node:
            plan = attrs.evolve(PLAN, url=f"ws://127.0.0.1:{node.port}/ws/bay", seconds=4.0)
            result = await play(plan, 3, lambda: os.kill(members()[1], signal.SIGKILL))
    judged, reasons = verdict(result)
    assert judged == "FAIL"
    assert reasons == ["bot process 2 of 3 ended with signal SIGKILL before it could tell what its bots saw"]
    assert len(result.bots) == 4
    assert result.seconds > 4.0


async def test_a_hanging_process_fails_the_run_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for as long as the plan may take, no longer; also if all of them hang."""
    monkeypatch.setattr("client_bot.fleet.SPARE_S", 0.5)
    with trio.fail_after(60):
        async with whole_node() as node:
            plan = attrs.evolve(PLAN, url=f"ws://127.0.0.1:{node.port}/ws/bay")
            result = await play(plan, 2, lambda: [os.kill(member, signal.SIGSTOP) for member in members()])
    assert verdict(result)[1] == [f"bot process {number} of 2 did not end in time" for number in (1, 2)]


async def test_a_fleet_can_be_stopped() -> None:
    """All of its processes end their playing, and hand in what they saw."""
    stop = trio.Event()
    with trio.fail_after(60):
        async with whole_node() as node:
            plan = attrs.evolve(PLAN, url=f"ws://127.0.0.1:{node.port}/ws/bay", seconds=1000.0)
            result = await run_fleet(plan, 2, Watch(stop.set), stop=stop)
    assert verdict(result) == ("PASS", [])
    assert result.seconds < 30


async def test_without_a_server_there_is_no_run() -> None:
    """As with one process: an error with the address in it."""
    with trio.fail_after(30), pytest.raises(UnreachableError, match="cannot be reached"):
        await run_fleet(attrs.evolve(PLAN, url="ws://127.0.0.1:1/ws/bay"), 2, SilentProgress())


async def test_no_process_outlives_its_fleet(tmp_path: Path) -> None:
    """Not even when that is killed in the middle of play."""
    family = Family()
    with trio.fail_after(60):
        async with whole_node() as node:
            command = ["bots", "--url", f"ws://127.0.0.1:{node.port}/ws/bay", "--processes", "2", "--for", "60s"]
            async with running(family, command, tmp_path / "output") as process:
                while sum("fleet_member" in line for line in family.members().values()) < 2:  # noqa: ASYNC110
                    await trio.sleep(0.05)
                await trio.sleep(2.0)
                process.kill()
            assert await family.gone(10) == {}
