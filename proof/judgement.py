"""From findings to a report: on a run of bots, and on a recording alone. Pure.

Invariant: a report is FAIL exactly if there is a reason; every flaw is counted, the first few are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from client_bot.diary import Entry
from client_bot.measure import Histogram
from client_bot.report import Commands, Latency, Report, quantiles_ms
from proof.flaw import Flaw
from proof.recording import Recording
from proof.verifier import Findings

SHOWN = 8


def with_findings(report: Report, findings: Findings) -> Report:
    """A report, and what the log says besides."""
    reasons = report.reasons + [str(flaw) for flaw in _telling(findings.flaws)]
    if len(findings.flaws) > SHOWN:
        reasons.append(f"{len(findings.flaws)} flaws in all")
    commands = attrs.evolve(
        report.commands,
        lost=report.commands.lost + findings.count("lost"),
        doubled=report.commands.doubled + findings.count("doubled"),
    )
    broken = {name: max(count, report.invariants.get(name, 0)) for name, count in findings.invariants.items()}
    return attrs.evolve(
        report,
        verdict="FAIL" if reasons else "PASS",
        reasons=reasons,
        commands=commands,
        divergences=report.divergences + findings.count("view"),
        invariants={**report.invariants, **broken},
        versions_checked=max(report.versions_checked, findings.versions),
        replayed=findings.replayed,
    )


def _telling(flaws: Sequence[Flaw]) -> list[Flaw]:
    """The first of each kind, and then as many more as are read."""
    firsts = list({flaw.what: flaw for flaw in reversed(flaws)}.values())[::-1]
    return firsts + [flaw for flaw in flaws if flaw not in firsts][: max(0, SHOWN - len(firsts))]


def report_on(recording: Recording, findings: Findings) -> Report:
    """The report on a recording: what bots were told, and whether it holds."""
    entries = recording.diary.entries
    nodes = {entry.session: entry.node for entry in entries}
    spread = Counter(nodes.values())
    report = Report(
        verdict="PASS",
        reasons=[],
        seed=0,
        seconds=round(_span_s(entries), 3),
        nodes=len(spread),
        bots=len(nodes),
        bots_per_node=dict(sorted(spread.items())),
        commands=_commands(entries),
        divergences=0,
        gaps=0,
        resyncs=0,
        latency_ms=Latency(do_to_done=quantiles_ms(_latencies(entries))),
    )
    return with_findings(report, findings)


def _span_s(entries: Sequence[Entry]) -> float:
    if not entries:
        return 0.0
    return max(entry.answered_s for entry in entries) - min(entry.sent_s for entry in entries)


def _commands(entries: Sequence[Entry]) -> Commands:
    acknowledged = sum(not entry.code for entry in entries)
    busy = sum(entry.code == "busy" for entry in entries)
    rejected = len(entries) - acknowledged - busy
    return Commands(len(entries), acknowledged, rejected, busy, lost=0, doubled=0)


def _latencies(entries: Sequence[Entry]) -> Histogram:
    histogram = Histogram()
    for entry in entries:
        histogram.add(entry.answered_s - entry.sent_s)
    return histogram
