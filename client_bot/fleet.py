"""Runs one plan in several processes at once, as one run with one verdict.

Each member process (``fleet_member``) has its part of the bots and hands in what they saw; no bot leaves before all
have. Owns the members. Invariant: a member that ends, hangs or never starts is a trouble of the result, which fails the
run; it is waited for no longer than a run may take. When this returns, no member is left.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from client_bot.connection import UnreachableError
from client_bot.moment import Moment, together
from client_bot.parcels import READY, START, STOP, NoRun, Parcels, send_parcel
from client_bot.plan import SwarmPlan
from client_bot.progress import Progress
from client_bot.result import SwarmResult, merged
from client_bot.swarm import LEAVE_S, SHOW_EVERY_S

READY_LIMIT_S = 30.0
SPARE_S = 10.0
"""What a member may take longer than its plan says, on a busy machine."""


@attrs.define(eq=False)
class Member:
    """One process of a fleet, as far as it is known here; ``trouble``: how it failed."""

    number: int
    process: trio.Process
    is_ready: trio.Event = attrs.field(factory=trio.Event)
    is_done: trio.Event = attrs.field(factory=trio.Event)
    moment: Moment | None = None
    result: SwarmResult | None = None
    no_run: NoRun | None = None
    trouble: str = ""

    async def listen(self) -> None:
        """Takes in what it says, until it has handed in its result or has ended."""
        assert self.process.stdout is not None
        parcels = Parcels(self.process.stdout)
        while (word := await parcels.receive()) is not None:
            self._take(word)
        code = await self.process.wait()
        if self.result is None and self.no_run is None and not self.trouble:
            self.trouble = f"ended with {_how(code)} before it could tell what its bots saw"
        self.is_ready.set()
        self.is_done.set()

    def _take(self, word: object) -> None:
        match word:
            case Moment():
                self.moment = word
            case SwarmResult():
                self.result = word
                self.is_done.set()
            case NoRun():
                self.no_run = word
                self.is_done.set()
            case _ if word == READY:
                self.is_ready.set()

    async def tell(self, word: object) -> None:
        """Tells it something; one that has ended hears nothing."""
        assert self.process.stdin is not None
        try:
            await send_parcel(self.process.stdin, word)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    def give_up(self, trouble: str) -> None:
        """Ends it, because it did not do something in time."""
        self.trouble = trouble
        self.process.kill()


async def run_fleet(plan: SwarmPlan, processes: int, watch: Progress, *, stop: trio.Event | None = None) -> SwarmResult:
    """Runs a plan in so many processes; returns what all bots saw, and what became of the processes.

    Raises: UnreachableError when no member could open a connection at the start.
    """
    async with _members(processes) as members, trio.open_nursery() as nursery:
        for member in members:
            nursery.start_soon(member.listen)
            await member.tell(attrs.evolve(plan, place=member.number, places=processes))
        await _all(members, lambda member: member.is_ready, READY_LIMIT_S, "was not ready in time")
        began_s = trio.current_time()
        for member in members:
            await member.tell(START)
        nursery.start_soon(_show, members, watch, began_s)
        await _until_over(plan, members, trio.Event() if stop is None else stop)
        await _all(members, lambda member: member.is_done, plan.closing_s() + SPARE_S, "did not end in time")
        nursery.cancel_scope.cancel()
    return _judge(plan, members)


async def _until_over(plan: SwarmPlan, members: list[Member], stop: trio.Event) -> None:
    """Waits until the playing is over, by plan or because it is to stop, which all are told then."""
    with trio.move_on_after(plan.ramp_s + plan.seconds) as playing:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_end_when, stop, playing)
            for member in members:
                await member.is_done.wait()
            nursery.cancel_scope.cancel()
    if stop.is_set():
        for member in members:
            await member.tell(STOP)


async def _end_when(stop: trio.Event, scope: trio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()


async def _all(members: list[Member], event: Callable[[Member], trio.Event], limit_s: float, trouble: str) -> None:
    with trio.move_on_after(limit_s):
        for member in members:
            await event(member).wait()
    for member in members:
        if not event(member).is_set():
            member.give_up(trouble)


async def _show(members: list[Member], watch: Progress, began_s: float) -> None:
    told: set[int] = set()
    while True:
        await trio.sleep(SHOW_EVERY_S)
        for member in members:
            if member.trouble and member.number not in told:
                told.add(member.number)
                watch.note(trio.current_time() - began_s, _said(member, len(members)))
        moments = [member.moment for member in members if member.moment is not None]
        if moments:
            watch.show(together(moments))


def _judge(plan: SwarmPlan, members: list[Member]) -> SwarmResult:
    results = [member.result for member in members if member.result is not None]
    refused = [member.no_run for member in members if member.no_run is not None]
    if refused and not results:
        raise UnreachableError(refused[0].text, refused[0].may_pass)
    for member in members:
        if member.no_run is not None:
            member.trouble = f"had no run: {member.no_run.text}"
    return merged(plan, results, [_said(member, len(members)) for member in members if member.trouble])


def _said(member: Member, count: int) -> str:
    return f"bot process {member.number + 1} of {count} {member.trouble}"


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


@asynccontextmanager
async def _members(processes: int) -> AsyncGenerator[list[Member], None]:
    """Starts the processes; in the end their pipes are closed, which they obey, or they are killed."""
    command = [sys.executable, "-m", "client_bot.fleet_member"]
    members: list[Member] = []
    try:
        for number in range(processes):
            process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            members.append(Member(number, process))
        yield members
    finally:
        with trio.CancelScope(shield=True):
            await _end(members)


async def _end(members: list[Member]) -> None:
    with trio.move_on_after(LEAVE_S + 2.0):
        for member in members:
            assert member.process.stdin is not None
            await member.process.stdin.aclose()
        for member in members:
            await member.process.wait()
    for member in members:
        if member.process.returncode is None:
            member.process.kill()
        await member.process.wait()
        assert member.process.stdout is not None
        await member.process.stdout.aclose()
