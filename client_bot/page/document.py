"""The page of a report: verdict, plots over time with the faults marked, and tables of all that was counted.

Pure. Invariant: nothing is loaded from elsewhere, which the page itself forbids its reader's browser too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

import attrs

from client_bot.page.elements import Content, Element, element, table, write
from client_bot.page.plot import Axes, Mark, Series
from client_bot.page.scale import linear, logarithmic
from client_bot.report import Quantiles, Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
SOONEST_MS = 0.1


def to_html(report: Report) -> str:
    """The report as one HTML page."""
    title = f"Oarlock: {report.verdict}, {report.bots} bots, seed {report.seed}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", title),
        element("style", files("client_bot.page").joinpath("style.css").read_text(encoding="utf-8")),
    )
    body = element("body", *_top(report), *_plots(report), *_faults(report), *_tables(report))
    return write(element("html", head, body, lang="en"))


def _top(report: Report) -> Iterator[Element]:
    sign, look = ("✓ PASS", "pass") if report.verdict == "PASS" else ("✗ FAIL", "fail")
    store = f" · {report.store.kind} {report.store.version}" if report.store.kind else ""
    run = f"{report.bots} bots on {report.nodes} nodes · {report.seconds:.0f} s · seed {report.seed}{store}"
    badge = element("span", sign, class_=f"verdict {look}")
    yield element("header", element("h1", "Oarlock run"), badge, element("p", run))
    if report.reasons:
        yield element("ul", *(element("li", reason) for reason in report.reasons), class_="reasons fail")
    yield element("div", *(_tile(value, name) for name, value in _figures(report)), class_="tiles")


def _figures(report: Report) -> Iterator[tuple[str, str]]:
    commands, gap = report.commands, report.latency_ms.resume_gap
    yield "commands acknowledged", f"{commands.acknowledged:,}"
    yield "lost / doubled", f"{commands.lost} / {commands.doubled}"
    yield "views that diverged", str(report.divergences)
    if report.invariants:
        yield "invariants broken", f"{sum(map(bool, report.invariants.values()))} of {len(report.invariants)}"
    yield "answer p50 / p99", _pair(report.latency_ms.do_to_done)
    yield "on another node p50 / p99", _pair(report.latency_ms.cross_node)
    if gap.p50 is not None:
        yield "change of connection p50 / p99", _pair(gap)
    if report.faults:
        yield "faults", str(len(report.faults))


def _plots(report: Report) -> Iterator[Element]:
    timeline = report.timeline
    seconds = max(report.seconds, len(timeline.sent) * timeline.step_s)
    axes = Axes(seconds, [Mark(fault.at_s, f"{fault.kind} {fault.target}") for fault in report.faults])
    latency = [Series("p50", timeline.p50_ms), Series("p99", timeline.p99_ms)]
    known = [max(value, SOONEST_MS) for line in latency for value in line.values if value is not None]
    yield element("h2", "Over time")
    yield axes.lines("From a command to its answer", "ms", latency, timeline.step_s, logarithmic(known))
    rates = [
        Series(node, [count / timeline.step_s for count in counts])
        for node, counts in timeline.answered_by_node.items()
    ]
    highest = linear(value or 0.0 for line in rates for value in line.values)
    yield axes.lines("Answers", "a second, by node", rates, timeline.step_s, highest)
    gaps = [(gap.at_s, max(gap.ms, SOONEST_MS)) for gap in timeline.resume_gaps]
    if gaps:
        scale = logarithmic(value for _, value in gaps)
        yield axes.dots("What players noticed of changed connections", "ms", gaps, scale)


def _faults(report: Report) -> Iterator[Element]:
    rows = [
        (f"{number}", f"{fault.at_s:.1f} s", fault.kind, fault.target) for number, fault in enumerate(report.faults, 1)
    ]
    if rows:
        list_of_them = table("As numbered in the plots", ("", "at", "fault", "hits"), rows)
        yield element("details", element("summary", f"{len(rows)} faults"), list_of_them, open="")


def _tables(report: Report) -> Iterator[Element]:
    yield element("h2", "The verdict")
    yield table("What was looked for, and how often it was found", ("", "found", ""), _checks(report))
    yield element("h2", "The run")
    run = (
        table("Time, in ms", ("", "p50", "p99", "longest"), _latencies(report)),
        table("Nodes", ("", "bots at the end", "processor time"), _nodes(report)),
        _counts("Commands", attrs.asdict(report.commands)),
        _counts("Took effect", report.took_effect),
        _counts("Refused", report.rejections),
        _counts("Heard", report.heard),
    )
    yield element("div", *run, class_="tables")


def _checks(report: Report) -> Iterator[tuple[Content, ...]]:
    commands = report.commands
    found = {
        "commands that were never answered": commands.lost,
        "answers that came twice, or to no command": commands.doubled,
        "commits acknowledged before they could be seen": commands.stale_acks,
        f"views that differ from the node's, in {report.digests_checked:,} comparisons": report.divergences,
        "messages that build on something never sent": report.gaps,
        **{f"invariant broken: {name}": times for name, times in report.invariants.items()},
    }
    for text, times in found.items():
        yield text, str(times), _holds(not times)
    if report.invariants:
        missed = report.versions_missed
        yield f"versions not looked at, beside {report.versions_checked:,} that were", str(missed), ""
    if report.replayed is not None:
        yield "rules of the log that were run again, in its order", f"{report.replayed:,}", ""


def _holds(is_so: bool) -> Element:
    return element("span", "✓" if is_so else "✗", class_="pass" if is_so else "fail")


def _latencies(report: Report) -> Iterator[tuple[str, ...]]:
    names = {
        "do_to_done": "own command",
        "cross_node": "seen on another node",
        "seen_elsewhere": "the same, from the answer",
        "resume_gap": "changed connection",
        "lag": "bots' own lateness",
    }
    for name, title in names.items():
        quantiles: Quantiles = getattr(report.latency_ms, name)
        yield title, *("–" if value is None else f"{value:.1f}" for value in attrs.astuple(quantiles))


def _nodes(report: Report) -> Iterator[tuple[str, ...]]:
    for node in sorted({*report.bots_per_node, *report.node_cpu_s}):
        used_s = report.node_cpu_s.get(node)
        yield node, str(report.bots_per_node.get(node, 0)), "–" if used_s is None else f"{used_s:.1f} s"


def _counts(caption: str, counts: Mapping[str, int]) -> Element:
    rows: Iterable[tuple[str, str]] = ((name.replace("_", " "), f"{count:,}") for name, count in counts.items())
    return table(caption, ("", "times"), rows if counts else [("nothing", "")])


def _tile(value: str, name: str) -> Element:
    return element("div", element("b", value), element("span", name))


def _pair(quantiles: Quantiles) -> str:
    return "–" if quantiles.p50 is None else f"{quantiles.p50:.0f} / {quantiles.p99:.0f} ms"
