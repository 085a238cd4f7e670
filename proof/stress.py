"""Bots play on a cluster that is hurt meanwhile; the log, the store and what the bots were told decide how it went.

Invariant: a run ends with a report, or raises because something could not be started; faults are never excused.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import attrs
import trio

from client_bot.moment import Moment
from client_bot.plan import SwarmPlan
from client_bot.progress import Progress
from client_bot.report import Fault, Report
from client_bot.result import SwarmResult
from client_bot.swarm import Collect, Inspect, run_swarm
from proof.faults import Strike, schedule, strike_all
from proof.judgement import with_findings
from proof.memory import MemoryLog
from proof.recorder import recording
from proof.recording import Recording
from proof.scene import Scene, open_scene
from proof.verifier import verify
from server.game import Game
from server.game.game import load_game
from server.launch.inspection import Inspection
from shared_state.names import WorldName

BAY = WorldName("bay")
ENTRY_S = 15.0
"""How long the last bot may take to get in, before faults begin without it."""
CALM_S = 3.0
"""From the last fault's end to the last command."""
GRACE_S = 20.0
"""For the last answers, and then for the last bots."""
LOOK_EVERY_S = 5.0
"""At the processes' memory."""
FOREVER_S = 1e9


@attrs.frozen(kw_only=True)
class StressPlan:
    """A run.

    Args:
        seconds: how long the bots play at least once all are in; longer, if faults take longer.
        kinds: of faults (``faults.KINDS``); none: an undisturbed run.
        seed: of the bots' choices and of the faults.
        sabotage: a guard that is switched off in the nodes (``sabotage.GUARDS``); empty: none.
        store_binary: None: that of the wheel.
        record: keep the evidence in this directory.
        logs: keep the processes' output in this directory.
    """

    nodes: int = 3
    bots: int = 150
    seconds: float = 60.0
    seed: int = 1
    kinds: tuple[str, ...] = ()
    rate_hz: float = 4.0
    sabotage: str = ""
    store_binary: Path | None = None
    record: Path | None = None
    logs: Path | None = None

    @property
    def ramp_s(self) -> float:
        """Over how long the bots join."""
        return self.bots / 50


@attrs.define(eq=False)
class _Run:
    plan: StressPlan
    scene: Scene
    game: Game
    watch: Progress
    began_s: float = attrs.field(factory=trio.current_time)
    faults: list[Fault] = attrs.field(factory=list)
    memory: MemoryLog = attrs.field(factory=MemoryLog)
    entered: trio.Event = attrs.field(factory=trio.Event)
    """All bots are in."""
    stop: trio.Event = attrs.field(factory=trio.Event)

    def show(self, moment: Moment) -> None:
        """Implements ``Progress``: takes note of who is in."""
        if moment.online >= self.plan.bots:
            self.entered.set()
        self.watch.show(moment)

    def note(self, at_s: float, text: str) -> None:
        """Implements ``Progress``."""
        self.watch.note(at_s, text)

    async def play(self) -> tuple[Report, Recording]:
        """Bots and faults. Returns: what the bots and the store say, and the evidence."""
        plan, cluster = self.plan, self.scene.cluster
        inspection = Inspection(cluster, BAY, self.game)
        swarm = SwarmPlan(
            url=cluster.socket_url(BAY),
            bots=plan.bots,
            seconds=FOREVER_S,
            ramp_s=plan.ramp_s,
            seed=plan.seed,
            rate_hz=plan.rate_hz,
            resumes=True,
            keeps_diary=True,
            grace_s=GRACE_S,
        )
        async with recording(self.scene.store.url, BAY, self.game) as recorder, trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_memory)
            nursery.start_soon(self._strike)
            inspect = partial(_inspect_all, recorder.around(inspection.inspect))
            result = await run_swarm(swarm, self, dial=self.scene.clients.dial, stop=self.stop, inspect=inspect)
            nursery.cancel_scope.cancel()
        return _without_lost_bots(inspection.complete(result), result), recorder.recording(result)

    async def _strike(self) -> None:
        plan = self.plan
        strikes = schedule(plan.kinds, plan.seed, plan.seconds, plan.nodes)
        with trio.move_on_after(plan.ramp_s + ENTRY_S):
            await self.entered.wait()
        first_s = trio.current_time()
        await strike_all(self.scene, strikes, first_s, self._tell)
        await trio.sleep(CALM_S)
        await trio.sleep_until(first_s + plan.seconds)
        self.stop.set()

    def _tell(self, strike: Strike) -> None:
        at_s = trio.current_time() - self.began_s
        self.faults.append(Fault(round(at_s, 2), strike.kind, strike.target))
        self.note(at_s, f"{strike.kind}: {strike.target}")

    async def _watch_memory(self) -> None:
        while True:
            self.memory.take(trio.current_time(), [*self.scene.processes(), ("bots", os.getpid())])
            await trio.sleep(LOOK_EVERY_S)


async def stress(plan: StressPlan, watch: Progress) -> Report:
    """Runs a plan. Raises: UsageError, UnreachableError, StoreError, OSError."""
    game = load_game("flotsam")
    async with open_scene(plan.nodes, plan.seed, plan.store_binary, plan.sabotage, plan.logs) as scene:
        run = _Run(plan, scene, game, watch)
        report, evidence = await run.play()
    if plan.record is not None:
        evidence.save(plan.record)
    findings = await trio.to_thread.run_sync(verify, evidence, game)
    return attrs.evolve(with_findings(report, findings), faults=run.faults, memory=run.memory.use())


async def _inspect_all(inspect: Inspect, collect: Collect) -> SwarmResult:
    """The inspection, once those are back who had to wait before they came again."""
    with trio.move_on_after(GRACE_S):
        while any(not bot.is_online and not bot.dismissed for bot in collect().bots):  # noqa: ASYNC110
            await trio.sleep(1.0)
    return await inspect(collect)


def _without_lost_bots(report: Report, result: SwarmResult) -> Report:
    """The report; bots that did not come back after all that happened are a reason."""
    away = [bot for bot in result.bots if not bot.is_online]
    if not away:
        return report
    text = f"{len(away)} bots did not come back; {away[0].name}: {away[0].last_ending or 'no answer'}"
    return attrs.evolve(report, verdict="FAIL", reasons=[*report.reasons, text])
