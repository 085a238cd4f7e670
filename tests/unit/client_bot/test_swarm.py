"""Whole swarms against the tiny node, on a virtual clock: what a right node gives, and each fault that must be seen.

pytest-trio uses a clock that a test itself asks for; one that only its fixtures ask for is not used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import attrs
import pytest
import trio
from trio.testing import MockClock

from client_bot.connection import Address, UnreachableError
from client_bot.moment import Moment
from client_bot.plan import SwarmPlan
from client_bot.progress import SilentProgress
from client_bot.report import report_of
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from client_bot.verdict import verdict
from server.wire.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from tests.unit.client_bot import bay
from tests.unit.client_bot.tiny_node import Bay

DEADLINE_S = 120.0
PLAN = SwarmPlan(bots=4, seconds=3.0, ramp_s=0.5, seed=7, grace_s=3.0)


@pytest.fixture
async def world(nursery: trio.Nursery) -> AsyncIterator[Bay]:
    """A bay with some crates, on one node."""
    world = Bay(nursery)
    for place in range(20):
        world.create(bay.CRATE, 50.0 * place, 500.0, 5)
    yield world
    nursery.cancel_scope.cancel()


async def run(world: Bay, plan: SwarmPlan = PLAN) -> SwarmResult:
    """Runs a plan within the deadline (virtual seconds)."""
    with trio.fail_after(DEADLINE_S):
        return await run_swarm(plan, SilentProgress(), dial=world.dial)


async def test_a_right_node_passes(autojump_clock: MockClock, world: Bay) -> None:
    """Commands are acknowledged or rejected, views agree with the world and each other, and bots leave."""
    world.nodes = (("a", 0.05), ("b", 0.05))
    plan = attrs.evolve(PLAN, subprotocols=(SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON), keeps_views=True)
    views: list[bool] = []

    async def inspect(collect: Callable[[], SwarmResult]) -> SwarmResult:
        result = collect()
        digests = {cell: bay.digest(world.state, cell) for cell in (0, 1)}
        views.extend(bot.cells == digests and bot.version == world.version for bot in result.bots)
        views.append(result.bots[0].view[0].keys() == {i for i, row in world.state.items() if row[0] == 0})
        return result

    with trio.fail_after(DEADLINE_S):
        result = await run_swarm(plan, SilentProgress(), dial=world.dial, inspect=inspect)
    assert verdict(result) == ("PASS", [])
    assert views == [True] * 5
    tally = result.tally
    assert tally.sent == tally.acknowledged + tally.rejected > 80
    assert result.bots_per_node == {"a": 2, "b": 2}
    assert result.digests_checked >= 4 * 2 * 3
    assert result.is_quiet
    assert world.left == 4
    assert all(row[1] == bay.CRATE for row in world.state.values())


async def test_cross_node_latency_is_that_of_the_other_node(autojump_clock: MockClock, world: Bay) -> None:
    """With a fast and a slow node, answers take at most the slow flush, and visibility is measured on both."""
    world.nodes = (("fast", 0.01), ("slow", 0.4))
    result = await run(world, attrs.evolve(PLAN, bots=2, brains={"explorer": 1}, seconds=20.0, ramp_s=0.0))
    measures = result.measures
    assert 0.2 < measures.do_to_done.max_s <= 0.401
    assert 0.3 < measures.cross_node.max_s <= 0.401
    assert (measures.cross_node.quantile(0.3) or 1.0) <= 0.02
    assert measures.cross_node.count == result.tally.acknowledged


async def test_a_dropped_delta_fails_the_run(autojump_clock: MockClock, world: Bay) -> None:
    """Content that a node failed to show is a divergence or a gap; the view is repaired by one reset."""
    world.faults.drop_deltas = 1
    result = await run(world)
    judged, reasons = verdict(result)
    assert judged == "FAIL"
    assert result.gaps + result.divergences == result.tally.resyncs == 1
    assert any(" on a: " in reason for reason in reasons)
    assert not any(bot.is_suspect for bot in result.bots)


@pytest.mark.parametrize(
    ("fault", "count", "text"),
    [
        ("double_acks", "doubled", "answers came twice"),
        ("withhold_acks", "lost", "never answered"),
        ("hasty_acks", "stale_acks", "before they were visible"),
    ],
)
async def test_a_wrong_answer_fails_the_run(
    autojump_clock: MockClock, world: Bay, fault: str, count: str, text: str
) -> None:
    """Doubled, missing and hasty answers are each counted, and nothing else is."""
    setattr(world.faults, fault, 1)
    result = await run(world, attrs.evolve(PLAN, brains={"explorer": 1}))
    judged, reasons = verdict(result)
    assert judged == "FAIL"
    assert len(reasons) == 1
    assert text in reasons[0]
    assert getattr(result.tally, count) == 1


async def test_bots_come_back_when_asked_to(autojump_clock: MockClock, world: Bay) -> None:
    """A close in the 40xx range and a refusal that may pass cost a reconnection each, and no bot."""
    world.nursery.start_soon(_later, lambda: world.faults.close_with.extend([4001, 1012]))
    world.nursery.start_soon(_later, lambda: world.faults.refuse_with.append(503))
    result = await run(world)
    assert result.tally.connections == 6
    assert result.tally.failed_connections == 1
    assert result.measures.resume_gap.count == 2
    assert all(bot.is_online for bot in result.bots)
    judged, reasons = verdict(result)
    assert judged == "PASS", reasons
    assert report_of(result).reconnects == 2


async def test_who_is_told_to_come_later_does(autojump_clock: MockClock, world: Bay) -> None:
    """Refused with a Retry-After, no bot asks again before that time (S17)."""
    world.faults.retry_after_s = 5
    dialled_s: list[float] = []

    async def dial(address: Address) -> trio.abc.Stream:
        dialled_s.append(trio.current_time())
        return await world.dial(address)

    def refuse() -> None:
        world.faults.refuse_with.extend([503] * PLAN.bots)
        world.faults.close_with.extend([1001] * PLAN.bots)
        dialled_s.clear()

    world.nursery.start_soon(_later, refuse)
    with trio.fail_after(DEADLINE_S):
        result = await run_swarm(attrs.evolve(PLAN, seconds=10.0), SilentProgress(), dial=dial)
    refused_s, again_s = sorted(dialled_s)[: PLAN.bots], sorted(dialled_s)[PLAN.bots :]
    assert len(again_s) == PLAN.bots
    assert min(again_s) - min(refused_s) >= 5
    assert all(bot.is_online for bot in result.bots)


async def test_each_gap_is_measured_from_its_own_loss(autojump_clock: MockClock, world: Bay) -> None:
    """A bot that loses its connection twice was away for two short times, not for the time between."""
    plan = attrs.evolve(PLAN, bots=1, seconds=8.0)
    for at_s in (1.5, 7.0):
        world.nursery.start_soon(_later, lambda: world.faults.close_with.append(4001), at_s)
    result = await run(world, plan)
    assert result.measures.resume_gap.count == 2
    assert result.measures.resume_gap.max_s < 1.0


async def test_slow_answers_are_waited_for(autojump_clock: MockClock, world: Bay) -> None:
    """Commands that wait when the playing ends are not lost as long as their answers come within the grace."""
    world.nodes = (("slow", PLAN.grace_s * 0.8),)
    result = await run(world, attrs.evolve(PLAN, quiet_s=0.1))
    assert verdict(result) == ("PASS", [])
    assert result.tally.acknowledged > 0


@pytest.mark.parametrize("code", [4500, 1000, 1008])
async def test_a_bot_that_is_dismissed_stays_away_and_fails_the_run(
    autojump_clock: MockClock, world: Bay, code: int
) -> None:
    """A close that is meant for good ends that bot alone, and the run says so."""
    world.nursery.start_soon(_later, lambda: world.faults.close_with.append(code))
    result = await run(world)
    judged, reasons = verdict(result)
    assert judged == "FAIL"
    assert len(reasons) == 1
    assert f"closed with {code}" in reasons[0]
    assert sum(bot.is_online for bot in result.bots) == 3


async def test_a_bot_resumes_its_session(autojump_clock: MockClock, world: Bay) -> None:
    """With resuming on, the second join names the session and its secret."""
    world.nursery.start_soon(_later, lambda: world.faults.close_with.append(4001))
    await run(world, attrs.evolve(PLAN, bots=1, resumes=True))
    assert [join.resume is None for join in world.joins] == [True, False]
    assert world.joins[1].resume is not None
    assert world.joins[1].resume.session == "s1"


async def test_onlookers_look_only(autojump_clock: MockClock, world: Bay) -> None:
    """A swarm of spectators sends no command, checks what it is shown, and passes."""
    result = await run(world, attrs.evolve(PLAN, brains={"onlooker": 1}))
    assert verdict(result) == ("PASS", [])
    assert result.tally.sent == 0
    assert result.digests_checked > 0
    assert all(join.spectate for join in world.joins)


async def test_without_a_server_there_is_no_run(autojump_clock: MockClock) -> None:
    """An address that nobody serves is one error with the address in it."""

    async def dial(_: object) -> trio.abc.Stream:
        raise ConnectionRefusedError("connection refused")

    with trio.fail_after(DEADLINE_S), pytest.raises(UnreachableError, match=r"ws://127\.0\.0\.1:8080/ws/bay"):
        await run_swarm(PLAN, SilentProgress(), dial=dial)


async def test_a_run_can_be_stopped_and_watched(autojump_clock: MockClock, world: Bay) -> None:
    """The stop event ends the playing early; the progress has seen it and the settling."""
    moments: list[Moment] = []
    stop = trio.Event()
    world.nursery.start_soon(_later, stop.set)

    class Watch:
        """Keeps what it is shown."""

        def show(self, moment: Moment) -> None:
            """Keeps the moment."""
            moments.append(moment)

        def note(self, at_s: float, text: str) -> None:
            """Does nothing."""

    with trio.fail_after(DEADLINE_S):
        result = await run_swarm(attrs.evolve(PLAN, seconds=1000.0), Watch(), dial=world.dial, stop=stop)
    assert result.seconds < 10
    assert moments[0].online == 0
    assert max(moment.online for moment in moments) == 4
    assert max(moment.rate("a") for moment in moments) > 10
    assert moments[-1].is_settling


async def test_bots_leave_and_others_come(autojump_clock: MockClock, world: Bay) -> None:
    """Each with its own name and session, once its commands are answered; what those who left did counts."""
    world.nodes = (("a", 0.2),)
    result = await run(world, attrs.evolve(PLAN, seconds=20.0, stay_s=4.0))
    assert verdict(result) == ("PASS", [])
    assert result.departed > 8
    assert world.left == result.joined == result.departed + 4
    assert len({join.name for join in world.joins}) == len(world.joins) == result.joined
    assert len(result.present) == len(result.bots) == 4
    assert result.tally.sent == result.tally.acknowledged + result.tally.rejected
    assert report_of(result).reconnects == 0


async def test_what_those_saw_who_left_is_not_forgotten(autojump_clock: MockClock, world: Bay) -> None:
    """A fault early in the run fails it, though the bot that saw it has long left."""
    world.faults.double_acks = 1
    world.faults.drop_deltas = 1
    result = await run(world, attrs.evolve(PLAN, seconds=60.0, stay_s=2.0))
    judged, reasons = verdict(result)
    assert judged == "FAIL"
    assert result.tally.doubled == 1
    assert any(" on a: " in reason for reason in reasons)
    assert sum(bot.has_left for bot in result.bots) == 1


async def test_bots_think_between_commands(autojump_clock: MockClock, world: Bay) -> None:
    """At random times, so many in a while as the average says."""
    plan = attrs.evolve(PLAN, bots=4, seconds=60.0, ramp_s=0.0, brains={"explorer": 1})
    world.nodes = (("a", 0.01),)
    busy = await run(world, plan)
    pensive = await run(world, attrs.evolve(plan, think_s=1.9))
    assert 4 * 60 * 10 * 0.95 <= busy.tally.sent <= 4 * 60 * 10
    assert 4 * 60 / 2.0 * 0.8 <= pensive.tally.sent <= 4 * 60 / 2.0 * 1.2


async def test_swarms_share_a_plan(autojump_clock: MockClock, world: Bay) -> None:
    """Each has its part of the same bots, with the same brains and names as one swarm would have them."""
    whole = await run(world)
    parts = [await run(world, attrs.evolve(PLAN, place=place, places=3)) for place in range(3)]
    assert [len(part.bots) for part in parts] == [2, 1, 1]
    assert sorted((b.name, b.brain) for part in parts for b in part.bots) == sorted(
        (b.name, b.brain) for b in whole.bots
    )


async def _later(act: Callable[[], object], at_s: float = 1.5) -> None:
    await trio.sleep(at_s)
    act()


async def test_a_flapper_comes_back_each_time(autojump_clock: MockClock, world: Bay) -> None:
    """It breaks its connection off by itself, again and again, and resumes, also in a swarm that does not."""
    result = await run(world, attrs.evolve(PLAN, bots=2, seconds=20.0, brains={"flapper": 1}))
    assert result.tally.connections >= 2 + 2 * 3
    assert all(join.resume is not None for join in world.joins[2:])
    assert verdict(result) == ("PASS", [])


async def test_a_dawdler_reads_seldom_and_all(autojump_clock: MockClock, world: Bay) -> None:
    """While the others play it stays behind; in the end its view is as theirs, without a reset."""
    plan = attrs.evolve(PLAN, bots=2, seconds=10.0, brains={"explorer": 1, "dawdler": 1})
    result = await run(world, plan)
    assert verdict(result) == ("PASS", [])
    assert result.tally.resyncs == 0
    assert len({bot.version for bot in result.bots}) == 1
