"""``oarlock stress``: a cluster that is hurt keeps its promises, and one without a guard is found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from client_bot.progress import SilentProgress
from client_bot.report import Report
from proof.faults import KINDS
from proof.flaw import Flaw
from proof.recording import load
from proof.replay import Replay
from proof.sabotage import SHOWN_BY
from proof.state import replica_of
from proof.stress import StressPlan, stress
from server.games.flotsam import game
from server.games.flotsam.world import Boat
from shared_state.delta import decode_delta
from shared_state.replica import Replica

pytestmark = pytest.mark.e2e

SEATS = 12


async def run(plan: StressPlan) -> Report:
    """The report on a run, with a deadline that a loaded machine can keep."""
    with trio.fail_after(240):
        return await stress(plan, SilentProgress())


async def test_a_cluster_that_is_hurt_keeps_its_promises() -> None:
    """Every fault there is, in half a minute: nothing is lost, doubled, torn or shown wrong, and everybody comes back.

    S15: boats trade, ram and grab while sockets, nodes and the store go.
    S20: clients vanish without a word, and are one avatar when they are back.
    """
    report = await run(StressPlan(nodes=2, bots=30, seconds=30, seed=1, kinds=tuple(KINDS)))
    assert (report.verdict, report.reasons) == ("PASS", [])
    assert {fault.kind for fault in report.faults} == set(KINDS)
    commands = report.commands
    assert (commands.lost, commands.doubled, report.divergences, report.gaps) == (0, 0, 0, 0)
    assert report.invariants == {invariant.name: 0 for invariant in game.invariants}
    assert report.replayed
    assert report.replayed > commands.acknowledged > 500
    assert report.reconnects > 30
    assert report.latency_ms.resume_gap.p99 is not None


async def test_a_full_world_takes_nobody_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """S24: twice as many players as seats, while sockets and a node go: at no version more boats than seats, and all
    seats are taken in the end."""
    monkeypatch.setenv("OARLOCK_WORLDS_SEATS", str(SEATS))
    kinds = ("client-reset", "node-kill", "client-hang")
    report = await run(StressPlan(nodes=2, bots=2 * SEATS, seconds=16, seed=1, kinds=kinds, record=tmp_path))
    commands = report.commands
    assert (commands.lost, commands.doubled, report.divergences, report.gaps) == (0, 0, 0, 0)
    assert len(report.faults) >= 2
    evidence = load(tmp_path)
    boats = Counter[str](most=0, last=0)

    def look(replica: Replica) -> Iterator[Flaw]:
        boats["last"] = sum(isinstance(entity.value, Boat) for entity in replica.entities.values())
        boats["most"] = max(boats["most"], boats["last"])
        return iter(())

    replay = Replay(game, replica_of(evidence.begin, game), look)
    assert list(replay.run([decode_delta(payload) for payload in evidence.log])) == []
    assert boats == Counter(most=SEATS, last=SEATS)


@pytest.mark.parametrize(
    ("guard", "seconds", "tells"),
    [
        ("tag-check", 12.0, ("not serial: run again in log order",)),
        ("conservation", 4.0, ("gold_conserved did not hold", "not serial: run again in log order")),
        ("gap-check", 20.0, ("view: ",)),
        ("fence", 15.0, ("fence: lease leader had been given to another",)),
        ("sequence", 15.0, ("took effect twice",)),
    ],
)
async def test_a_build_without_a_guard_fails_for_the_right_reason(
    guard: str, seconds: float, tells: tuple[str, ...]
) -> None:
    """The verdict is worth nothing unless it misses what is missing, and says so."""
    kinds = SHOWN_BY[guard]
    report = await run(StressPlan(nodes=2, bots=30, seconds=seconds, seed=1, rate_hz=10.0, kinds=kinds, sabotage=guard))
    assert report.verdict == "FAIL"
    for text in tells:
        assert any(text in reason for reason in report.reasons), report.reasons
