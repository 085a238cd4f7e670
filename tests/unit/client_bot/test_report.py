"""Reports and their texts."""

from __future__ import annotations

import json

import attrs
import pytest

from client_bot.findings import Finding
from client_bot.measure import Measures
from client_bot.plan import SwarmPlan
from client_bot.report import Fault, report_of, to_json, to_text
from client_bot.result import BotResult, SwarmResult
from client_bot.tally import Tally, total
from client_bot.timeline import Timeline
from client_bot.verdict import verdict

BOT = BotResult("b-0", "explorer", "a", "s1", 1, "e1", 9, True, False, {10: 123}, 4, (), "", "", {})
FINDING = Finding("gap", "e1", 3, 10, "a patch of entity 9, which is not held")


def result(*bots: BotResult, is_quiet: bool = True, **counts: int) -> SwarmResult:
    """A run with the given bots and counts, all else well."""
    tally = Tally(sent=100, acknowledged=90, rejected=10, connections=len(bots))
    wrong = {name: counts.pop(name, 0) for name in ("gaps", "divergences")}
    for name, count in counts.items():
        setattr(tally, name, count)
    return SwarmResult(
        SwarmPlan(seed=42),
        10.0,
        list(bots or [BOT]),
        tally,
        Measures(),
        Timeline(0.0),
        digests_checked=5,
        is_quiet=is_quiet,
        joined=len(bots or [BOT]),
        **wrong,
    )


def test_a_clean_run_passes() -> None:
    """No reason, no FAIL."""
    assert verdict(result()) == ("PASS", [])


@pytest.mark.parametrize("count", ["gaps", "divergences", "lost", "doubled", "stale_acks"])
def test_every_broken_promise_fails(count: str) -> None:
    """One of each is enough, and the reason has the number."""
    judged, reasons = verdict(result(is_quiet=True, **{count: 3}))
    assert judged == "FAIL"
    assert reasons[0].startswith("3 ")


@pytest.mark.parametrize(
    ("bot", "text"),
    [
        (
            attrs.evolve(BOT, session="", last_ending="closed with 4010 busy"),
            "never got in; b-0: closed with 4010 busy",
        ),
        (attrs.evolve(BOT, dismissed="closed with 4500"), "4500"),
        (attrs.evolve(BOT, is_suspect=True), "never repaired"),
    ],
)
def test_a_bot_that_did_not_take_part_fails_the_run(bot: BotResult, text: str) -> None:
    """Bots kept out, thrown out or left with a wrong view are reasons."""
    judged, reasons = verdict(result(bot))
    assert judged == "FAIL"
    assert text in reasons[0]


def test_a_run_without_any_answer_fails() -> None:
    """Commands that all ended as busy or unresolved prove nothing."""
    judged, reasons = verdict(result(acknowledged=0, rejected=0, busy=100))
    assert (judged, reasons) == ("FAIL", ["no command was acknowledged"])


def test_bots_at_one_version_must_agree() -> None:
    """Two digests of one cell at one position are a reason, unless the views were still changing."""
    other = attrs.evolve(BOT, name="b-1", cells={10: 124})
    assert "differ in cell 10" in verdict(result(BOT, other))[1][0]
    assert verdict(result(BOT, other, is_quiet=False)) == ("PASS", [])
    assert verdict(result(BOT, attrs.evolve(other, version=10))) == ("PASS", [])
    assert verdict(result(BOT, attrs.evolve(other, epoch="e2"))) == ("PASS", [])


def test_the_report_has_the_keys_that_every_report_has() -> None:
    """The JSON object carries all of them, absent measurements as null."""
    run = result(BOT, attrs.evolve(BOT, name="b-1", node="b"))
    run.measures.do_to_done.add(0.010)
    report = attrs.evolve(report_of(run), faults=[Fault(1.0, "kill", "a")])
    plain = json.loads(to_json(report))
    expected = (
        "verdict reasons seed seconds nodes bots bots_per_node commands divergences gaps resyncs invariants latency_ms "
        "faults store node_cpu_s"
    )
    assert set(expected.split()) <= set(plain)
    assert plain["bots_per_node"] == {"a": 1, "b": 1}
    assert set(plain["commands"]) >= {"sent", "acknowledged", "rejected", "busy", "lost", "doubled"}
    assert plain["latency_ms"]["do_to_done"] == {"p50": 10.0, "p99": 10.0, "max": 10.0}
    assert plain["latency_ms"]["cross_node"] == {"p50": None, "p99": None, "max": None}
    assert plain["faults"] == [{"at_s": 1.0, "kind": "kill", "target": "a"}]
    assert set(plain["store"]) == {"kind", "version", "transactions", "cpu_s"}


def test_the_text_names_the_reasons_and_ends_with_the_verdict() -> None:
    """People read the seed, the first findings and the verdict."""
    text = to_text(report_of(result(attrs.evolve(BOT, findings=(FINDING,)), gaps=1)))
    assert "seed 42" in text
    assert "! b-0 on a: gap at version 3 in cell 10: a patch of entity 9" in text
    assert text.endswith("\nFAIL")


def test_the_text_says_when_the_bots_were_late() -> None:
    """Latencies measured by an overloaded swarm are marked as such; those of an idle one are not."""
    run = result()
    assert "were late" not in to_text(report_of(run))
    run.measures.lag.add(0.5)
    assert "the bots themselves were late (p50 500.0" in to_text(report_of(run))


def test_the_text_counts_commands_whose_session_ended() -> None:
    """Commands that no answer can reach any more are named, so that the numbers add up."""
    assert "7 commands ended with their session" in to_text(report_of(result(unresolved=7)))


def test_tallies_add_up() -> None:
    """Sums go over all counters, and over rejections by code."""
    first, second = Tally(sent=1), Tally(sent=2)
    first.answer("grab", "too_far")
    second.answer("grab", "too_far")
    second.answer("grab", "busy")
    sums = total([first, second])
    assert (sums.sent, sums.rejected, sums.busy) == (3, 2, 1)
    assert sums.rejections == {"too_far": 2}
