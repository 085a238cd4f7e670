"""The page of a report: what it shows, and that nothing in it can be markup or come from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import attrs
import pytest

from client_bot.columns import Columns, ResumeGap
from client_bot.page import to_html
from client_bot.page.plot import Axes, Mark, Series
from client_bot.page.scale import Scale, linear, logarithmic, span
from client_bot.report import Commands, Fault, Latency, Quantiles, Report

HOSTILE = "<img src=x onerror=alert(1)>\"'&</style><script>alert(2)</script>"
REPORT = Report(
    verdict="PASS",
    reasons=[],
    seed=42,
    seconds=4.0,
    nodes=2,
    bots=10,
    bots_per_node={"node1": 6, "node2": 4},
    commands=Commands(100, 1234, 5, 0, 0, 0),
    divergences=0,
    gaps=0,
    resyncs=0,
    latency_ms=Latency(resume_gap=Quantiles(120.0, 240.0, 250.0)),
    invariants={"gold is conserved": 0},
    faults=[Fault(1.5, "kill", "node1")],
    timeline=Columns(
        1.0,
        [3, 4, 0, 5],
        [3, 4, 0, 5],
        [8.0, 9.0, None, 7.0],
        [20.0, 900.0, None, 30.0],
        {"node1": [3, 0, 0, 2], "node2": [0, 4, 0, 3]},
        [ResumeGap(1.9, 240.0)],
    ),
)


class Reader(HTMLParser):
    """The elements and texts of a page, as a browser would find them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        self.texts.append(data)


def test_the_page_shows_verdict_faults_and_figures() -> None:
    """Verdict, seed, counts, the fault with its time, and three plots, each with the fault marked."""
    page = Reader(to_html(attrs.evolve(REPORT, replayed=4567)))
    text = " ".join(page.texts)
    for shown in ("✓ PASS", "4,567", "seed 42", "1,234", "120 / 240 ms", "kill", "1.5 s", "gold is conserved", "node2"):
        assert shown in text
    assert page.tags.count("svg") == 3
    assert page.attributes.count(("class", "mark")) == 3


def test_a_failed_run_says_why() -> None:
    """Reasons stand at the top."""
    page = Reader(to_html(attrs.evolve(REPORT, verdict="FAIL", reasons=["3 commands were never answered"])))
    text = " ".join(page.texts)
    assert text.index("✗ FAIL") < text.index("3 commands were never answered") < text.index("Over time")


def test_hostile_names_are_text() -> None:
    """Wherever a name comes from, it can be read and does nothing."""
    report = attrs.evolve(
        REPORT,
        reasons=[HOSTILE],
        bots_per_node={HOSTILE: 1},
        rejections={HOSTILE: 1},
        took_effect={HOSTILE: 1},
        heard={HOSTILE: 1},
        invariants={HOSTILE: 1},
        faults=[Fault(1.0, HOSTILE, HOSTILE)],
        timeline=attrs.evolve(REPORT.timeline, answered_by_node={HOSTILE: [1, 2]}),
    )
    page, plain = Reader(to_html(report)), Reader(to_html(REPORT))
    assert set(page.tags) == set(plain.tags) | {"ul", "li"}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert page.texts.count(HOSTILE) >= 7


def test_the_page_is_self_contained() -> None:
    """No script, nothing to load; and its policy forbids both."""
    page = Reader(to_html(REPORT))
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "href", "action")]
    assert not re.search(r"url\(|@import", to_html(REPORT))
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_a_run_without_measurements_has_a_page() -> None:
    """No answer, no fault, no time."""
    page = Reader(to_html(attrs.evolve(REPORT, seconds=0.0, faults=[], latency_ms=Latency(), timeline=Columns())))
    assert page.tags.count("svg") == 2
    assert "–" in page.texts


@pytest.mark.parametrize(
    ("scale", "ends", "ticks"),
    [
        (linear([3.0, 41.0]), (0.0, 50.0), (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)),
        (linear([]), (0.0, 1.0), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (linear([0.0]), (0.0, 1.0), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (span(64.0), (0.0, 64.0), (0.0, 20.0, 40.0, 60.0)),
        (logarithmic([3.0, 41.0]), (2.0, 50.0), (2.0, 5.0, 10.0, 20.0, 50.0)),
        (logarithmic([0.4, 900.0]), (0.2, 1000.0), (1.0, 10.0, 100.0, 1000.0)),
        (logarithmic([10.0]), (10.0, 20.0), (10.0, 20.0)),
        (logarithmic([]), (1.0, 2.0), (1.0, 2.0)),
    ],
)
def test_axes_have_round_ends(scale: Scale, ends: tuple[float, float], ticks: tuple[float, ...]) -> None:
    """Everything fits in, and few round values are named."""
    assert (scale.low, scale.high) == pytest.approx(ends)
    assert scale.ticks == pytest.approx(ticks)


def test_values_stand_where_they_belong() -> None:
    """Linear and logarithmic, and at the ends for what is outside."""
    assert [linear([10.0]).share(value) for value in (0.0, 5.0, 20.0)] == [0.0, 0.5, 1.0]
    assert logarithmic([1.0, 100.0]).share(10.0) == pytest.approx(0.5)
    assert logarithmic([1.0, 100.0]).share(0.0) == 0.0


def test_a_hole_in_a_line_stays_one() -> None:
    """Without a value the line ends; a value that stands alone is a dot; of marks close together one has a number."""
    axes = Axes(4.0, [Mark(1.0, "first"), Mark(1.01, "second"), Mark(3.0, "third")])
    series = Series("p50", [1.0, 2.0, None, 1.0])
    figure = axes.lines("Title", "ms", [series], 1.0, linear([2.0]))
    path = next(part.get("d") for part in figure.iter("path") if part.get("class") == "line c0")
    assert path == "M125.0 500.0h0L375.0 0.0M875.0 500.0h0"
    numbers = next(part for part in figure.iter("div") if part.get("class") == "numbers")
    assert [part.text for part in numbers] == ["1", "3"]
