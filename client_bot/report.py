"""The report of a run: one JSON object for programs, a few lines for people.

The keys are those that every report of Oarlock has; what bots cannot know (store, faults, invariants, CPU) is filled in
by the caller, with ``attrs.evolve``. Invariant: a report is JSON-representable, absent measurements are null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs
import cattrs
import msgspec

from client_bot.columns import Columns, columns_of
from client_bot.measure import Histogram, Measures
from client_bot.result import SwarmResult
from client_bot.verdict import verdict

TOLERABLE_LAG_MS = 20.0


@attrs.frozen
class Commands:
    """What became of the commands. ``unresolved``: their session ended with its connection before the answer."""

    sent: int
    acknowledged: int
    rejected: int
    busy: int
    lost: int
    doubled: int
    unresolved: int = 0
    stale_acks: int = 0


@attrs.frozen
class Quantiles:
    """Milliseconds; null without samples."""

    p50: float | None = None
    p99: float | None = None
    max: float | None = None


@attrs.frozen
class Latency:
    """See ``measure.Measures`` for what each one spans."""

    do_to_done: Quantiles = Quantiles()
    cross_node: Quantiles = Quantiles()
    resume_gap: Quantiles = Quantiles()
    seen_elsewhere: Quantiles = Quantiles()
    lag: Quantiles = Quantiles()


@attrs.frozen
class Fault:
    """A fault injected into the run, ``at_s`` seconds after the bots began."""

    at_s: float
    kind: str
    target: str


@attrs.frozen
class StoreUse:
    """The store of the run and what it did."""

    kind: str = ""
    version: str = ""
    transactions: int | None = None
    cpu_s: float | None = None


@attrs.frozen
class MemoryUse:
    """Resident memory of a process in its last life: at the end, at most, and how it grew once it was warm.

    ``mb_per_hour``: null when it did not live long enough to tell.
    """

    mb: float
    most_mb: float
    lived_s: float
    mb_per_hour: float | None = None


@attrs.frozen
class Report:
    """A run, judged.

    ``rejections`` by code, ``took_effect`` by command, ``heard`` by name of event, over all bots. ``departed``: those
    that left for good while others played on. ``replayed``: how many rules of the log were run again; null: nobody did.
    """

    verdict: str
    reasons: list[str]
    seed: int
    seconds: float
    nodes: int
    bots: int
    bots_per_node: dict[str, int]
    commands: Commands
    divergences: int
    gaps: int
    resyncs: int
    latency_ms: Latency
    digests_checked: int = 0
    reconnects: int = 0
    departed: int = 0
    is_quiet: bool = True
    rejections: dict[str, int] = attrs.Factory(dict)
    took_effect: dict[str, int] = attrs.Factory(dict)
    heard: dict[str, int] = attrs.Factory(dict)
    invariants: dict[str, int] = attrs.Factory(dict)
    versions_checked: int = 0
    versions_missed: int = 0
    replayed: int | None = None
    faults: list[Fault] = attrs.Factory(list)
    store: StoreUse = StoreUse()
    node_cpu_s: dict[str, float] = attrs.Factory(dict)
    memory: dict[str, MemoryUse] = attrs.Factory(dict)
    timeline: Columns = Columns()


def report_of(result: SwarmResult) -> Report:
    """The report on what the bots saw, with their verdict."""
    tally = result.tally
    judged, reasons = verdict(result)
    return Report(
        verdict=judged,
        reasons=reasons,
        seed=result.plan.seed,
        seconds=round(result.seconds, 3),
        nodes=len(result.bots_per_node),
        bots=len(result.present),
        bots_per_node=result.bots_per_node,
        commands=Commands(
            tally.sent,
            tally.acknowledged,
            tally.rejected,
            tally.busy,
            tally.lost,
            tally.doubled,
            tally.unresolved,
            tally.stale_acks,
        ),
        divergences=result.divergences,
        gaps=result.gaps,
        resyncs=tally.resyncs,
        latency_ms=latency_of(result.measures),
        digests_checked=result.digests_checked,
        reconnects=tally.connections - result.joined,
        departed=result.departed,
        is_quiet=result.is_quiet,
        rejections=dict(tally.rejections.most_common()),
        took_effect=dict(tally.took_effect.most_common()),
        heard=dict(tally.heard.most_common()),
        timeline=columns_of(result.timeline),
    )


def latency_of(measures: Measures) -> Latency:
    """The latencies of a run, in milliseconds."""
    return Latency(**{field.name: quantiles_ms(getattr(measures, field.name)) for field in attrs.fields(Latency)})


def quantiles_ms(histogram: Histogram) -> Quantiles:
    """The usual quantiles of a histogram, in milliseconds."""
    if not histogram.count:
        return Quantiles()
    shares = (histogram.quantile(0.5), histogram.quantile(0.99), histogram.max_s)
    return Quantiles(*(round((share or 0.0) * 1000, 3) for share in shares))


def to_json(report: Report) -> bytes:
    """The report as JSON with a line a key, and a final newline."""
    plain: dict[str, Any] = cattrs.unstructure(report)
    lines = (b"  %b: %b" % (msgspec.json.encode(key), msgspec.json.encode(value)) for key, value in plain.items())
    return b"{\n%b\n}\n" % b",\n".join(lines)


def to_text(report: Report) -> str:
    """The report for people: the verdict last."""
    commands, latency = report.commands, report.latency_ms
    spread = ", ".join(f"{node} {bots}" for node, bots in report.bots_per_node.items())
    lines = [
        f"{report.bots} bots on {report.nodes} nodes ({spread or 'none'}), {report.seconds:.1f} s, seed {report.seed}",
        f"commands   {commands.sent} sent, {commands.acknowledged} acknowledged, {commands.rejected} rejected, "
        f"{commands.busy} busy, {commands.lost} lost, {commands.doubled} doubled",
        f"play       {_listed(report.took_effect)}; heard: {_listed(report.heard)}",
        f"views      {report.digests_checked} digests checked, {report.divergences} divergences, {report.gaps} gaps, "
        f"{report.resyncs} resyncs, {report.reconnects} reconnects",
        f"latency    own command {_span(latency.do_to_done)}; on another node {_span(latency.cross_node)}",
    ]
    if report.departed:
        lines.append(f"           {report.departed} bots left, and others came in their places")
    if report.invariants:
        wrong = sum(map(bool, report.invariants.values()))
        lines.append(
            f"world      {len(report.invariants)} invariants at {report.versions_checked} versions "
            f"({report.versions_missed} missed), {wrong} broken"
        )
    if report.replayed is not None:
        lines.append(f"log        {report.replayed} rules run again, in the log's order")
    if report.faults:
        lines.append(f"faults     {_listed(Counter(fault.kind for fault in report.faults))}")
        lines.append(f"           players noticed {_span(latency.resume_gap)}")
    slopes = [
        f"{name} {use.mb:.0f} MB {use.mb_per_hour:+.1f}/h"
        for name, use in report.memory.items()
        if use.mb_per_hour is not None
    ]
    if slopes:
        lines.append(f"memory     {', '.join(slopes)}")
    if commands.unresolved:
        lines.append(f"           {commands.unresolved} commands ended with their session: their fate is not known")
    if (latency.lag.p99 or 0.0) > TOLERABLE_LAG_MS:
        lines.append(f"           the bots themselves were late ({_span(latency.lag)}): latencies are upper bounds")
    lines += [f"! {reason}" for reason in report.reasons]
    return "\n".join([*lines, report.verdict])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "nothing"


def _span(quantiles: Quantiles) -> str:
    if quantiles.p50 is None:
        return "not measured"
    return f"p50 {quantiles.p50:.1f}, p99 {quantiles.p99:.1f}, max {quantiles.max:.1f} ms"
