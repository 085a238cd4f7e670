"""Runs many bots against one world: they join over a ramp, play, settle, are collected, and leave.

Owns the bots and the stage of the run. Knows no message. Invariant: nothing that happens to one bot ends the others;
the run takes at most ramp + seconds + grace + quiet limit and a few seconds for leaving.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import TypeAlias

import attrs
import trio

from client_bot.bot import Bot, Surroundings
from client_bot.brains import find_brain
from client_bot.client import Client, State
from client_bot.connection import Closed, Dial, Line, dial_tcp, visit
from client_bot.departed import Departed
from client_bot.diary import Diary
from client_bot.measure import Measures
from client_bot.moment import Moment
from client_bot.plan import SwarmPlan
from client_bot.progress import Progress
from client_bot.result import SwarmResult, copy_bot
from client_bot.stage import Stage
from client_bot.tally import total
from client_bot.timeline import Timeline
from client_bot.visibility import Visibility
from server.wire.codec import CODECS

POLL_S = 0.05
SHOW_EVERY_S = 0.5
LEAVE_S = 3.0

Collect: TypeAlias = Callable[[], SwarmResult]
Inspect: TypeAlias = Callable[[Collect], Awaitable[SwarmResult]]


async def run_swarm(
    plan: SwarmPlan,
    watch: Progress,
    *,
    dial: Dial = dial_tcp,
    stop: trio.Event | None = None,
    inspect: Inspect | None = None,
) -> SwarmResult:
    """Runs a plan; returns what the bots saw.

    Args:
        plan: the run.
        watch: is shown the run a few times per second.
        dial: opens the byte stream of a connection.
        stop: ends the playing early when set.
        inspect: awaited while the bots are still in the world, with what copies their views as they are at the moment;
            returns the last copy.

    Raises: UnreachableError when no connection can be opened at the start.
    """
    await _knock(plan, dial)
    swarm = _Swarm(plan, dial)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(swarm.show, watch)
        nursery.start_soon(swarm.ramp_up, nursery)
        with trio.move_on_after(plan.ramp_s + plan.seconds):
            await (trio.Event() if stop is None else stop).wait()
        is_quiet = await swarm.settle()
        collect = partial(swarm.collect, is_quiet)
        result = collect() if inspect is None else await inspect(collect)
        await swarm.leave()
        nursery.cancel_scope.cancel()
    return result


async def _knock(plan: SwarmPlan, dial: Dial) -> None:
    async def talk(_: Line) -> Closed:
        return Closed(1000)

    await visit(plan.address, CODECS[plan.subprotocols[0]], dial, talk)


@attrs.define(eq=False)
class _Swarm:
    plan: SwarmPlan
    dial: Dial
    stage: Stage = attrs.field(factory=Stage, init=False)
    measures: Measures = attrs.field(factory=Measures, init=False)
    diary: Diary = attrs.field(factory=Diary, init=False)
    timeline: Timeline = attrs.field(factory=lambda: Timeline(trio.current_time()), init=False)
    bots: dict[int, Bot] = attrs.field(factory=dict, init=False)
    departed: Departed = attrs.field(factory=Departed, init=False)
    _around: Surroundings = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        plan, visibility = self.plan, Visibility(self.measures)
        self._around = Surroundings(
            plan.address,
            self.dial,
            plan.rate_hz,
            plan.think_s,
            self.stage,
            self.measures,
            visibility,
            self.timeline,
            self.diary if plan.keeps_diary else None,
        )

    async def ramp_up(self, nursery: trio.Nursery) -> None:
        plan, cast = self.plan, self.plan.cast()
        for number in plan.numbers():
            await trio.sleep_until(self.timeline.began_s + plan.ramp_s * number / plan.bots)
            if not self.stage.is_commanding:
                return
            nursery.start_soon(self._hold_place, number, cast[number])

    async def _hold_place(self, number: int, brain: str) -> None:
        """Keeps a place taken: by one bot, or by one after the other."""
        chance = random.Random(f"{self.plan.seed}/{number}/stay")
        for turn in count():
            bot = self.bots[number] = _make_bot(self.plan, number, turn, brain, self._around)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bot.live)
                await trio.sleep(self.plan.stay_s * chance.expovariate(1.0))
                if self.stage.settling.is_set():
                    await trio.sleep_forever()  # It stays, for its view is to be compared.
                await self._see_off(bot)
                nursery.cancel_scope.cancel()
            self._count_departed(number)
            if self.stage.settling.is_set():
                return

    async def _see_off(self, bot: Bot) -> None:
        bot.is_retiring = True
        await _wait_until(lambda: not bot.client.in_flight.waiting, self.plan.grace_s)
        await bot.leave()

    def _count_departed(self, number: int) -> None:
        bot = self.bots.pop(number)
        _give_up(bot.client)
        self.departed.add(bot)

    async def settle(self) -> bool:
        """Waits for answers, then for views to be quiet; returns whether they are."""
        self.stage.settle()
        await _wait_until(self._is_answered, self.plan.grace_s)
        await self._ask_digests()
        return await _wait_until(self._is_quiet, self.plan.quiet_limit_s)

    def collect(self, is_quiet: bool) -> SwarmResult:
        bots, gone = [self.bots[number] for number in sorted(self.bots)], self.departed
        for bot in bots:
            _give_up(bot.client)
        clients = [bot.client for bot in bots]
        return SwarmResult(
            plan=self.plan,
            seconds=trio.current_time() - self.timeline.began_s,
            bots=[*(copy_bot(bot, self.plan.keeps_views) for bot in bots), *gone.conspicuous],
            tally=total([gone.tally, *(client.tally for client in clients)]),
            measures=self.measures,
            timeline=self.timeline,
            gaps=gone.gaps + sum(client.findings.gaps for client in clients),
            divergences=gone.divergences + sum(client.findings.divergences for client in clients),
            digests_checked=gone.digests_checked
            + sum(client.mirror.digests_checked for client in clients if client.mirror),
            is_quiet=is_quiet,
            joined=gone.joined + sum(client.welcome is not None for client in clients),
            departed=gone.count,
            diary=Diary(list(self.diary.entries), list(self.diary.views)),
        )

    async def leave(self) -> None:
        self.stage.end()
        with trio.move_on_after(LEAVE_S):
            async with trio.open_nursery() as nursery:
                for bot in self.bots.values():
                    nursery.start_soon(bot.leave)

    async def show(self, watch: Progress) -> None:
        while True:
            watch.show(self._moment())
            await trio.sleep(SHOW_EVERY_S)

    def _moment(self) -> Moment:
        now_s, began_s, plan = trio.current_time(), self.timeline.began_s, self.plan
        clients = [bot.client for bot in self.bots.values()]
        online = [bot.node for bot in self.bots.values() if bot.client.is_joined]
        return Moment(
            at_s=now_s - began_s,
            until_s=plan.ramp_s + plan.seconds,
            bots=len(plan.numbers()),
            online=len(online),
            bots_per_node=Counter(online),
            tally=total([self.departed.tally, *(client.tally for client in clients)]),
            findings=self.departed.gaps
            + self.departed.divergences
            + sum(client.findings.gaps + client.findings.divergences for client in clients),
            last=self.timeline.last(now_s),
            step_s=self.timeline.step_s,
            is_settling=not self.stage.is_commanding,
        )

    async def _ask_digests(self) -> None:
        for bot in list(self.bots.values()):
            if bot.client.checks_digests:
                await bot.ask_digest()

    def _is_answered(self) -> bool:
        return not any(bot.client.in_flight.waiting for bot in self.bots.values())

    def _is_quiet(self) -> bool:
        limit_s = trio.current_time() - self.plan.quiet_s
        return all(bot.changed_s <= limit_s for bot in self.bots.values())


async def _wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    # Polled: an event per bot and answer would cost more than a look at all of them now and then.
    with trio.move_on_after(limit_s):
        while True:
            await trio.sleep(POLL_S)
            if condition():
                return True
    return False


def _make_bot(plan: SwarmPlan, number: int, turn: int, brain: str, around: Surroundings) -> Bot:
    """The bot of a number; ``turn``: how many had it before."""
    behaviour = find_brain(brain)()
    mark = f"{number}.{turn}" if turn else f"{number}"
    client = Client(
        codec=CODECS[plan.subprotocols[number % len(plan.subprotocols)]],
        name=f"{type(behaviour).__name__.lower()}-{mark}",
        radius=plan.radius,
        spectate=behaviour.spectates,
        resumes=plan.resumes or math.isfinite(behaviour.breaks_off_after_s),
        checks_digests=plan.checks_digests(number),
    )
    return Bot(client, brain, behaviour, random.Random(f"{plan.seed}/{mark}"), around)


def _give_up(client: Client) -> None:
    if client.state is State.OFFLINE and not client.resumes:
        client.in_flight.start_over()
    else:
        client.in_flight.give_up()
