"""Plots over time as inline SVG, with names of axes as text beside it, so that only the drawing is stretched to fit.

Knows no report. Invariant: everything is placed in per cent; dots are lines without length, which stay round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from client_bot.page.elements import Element, element
from client_bot.page.scale import Scale, span

NEAREST_MARKS = 0.04
"""Marks closer than this share of the width to the one before carry no number."""


@attrs.frozen
class Series:
    """A line: values at even distances from the beginning, None where there are none."""

    name: str
    values: Sequence[float | None]


@attrs.frozen
class Mark:
    """Something that happened at a time (seconds)."""

    at_s: float
    text: str


@attrs.frozen
class Axes:
    """What the plots of one page have in common: how long it all took, and what is marked."""

    seconds: float
    marks: Sequence[Mark] = ()

    @property
    def time(self) -> Scale:
        """The scale of time."""
        return span(self.seconds)

    def lines(self, title: str, unit: str, series: Sequence[Series], step_s: float, scale: Scale) -> Element:
        """A plot of one or more lines, whose values are for steps of ``step_s`` seconds."""
        drawn = [
            element("path", d=_path(line.values, step_s, self.time, scale), class_=f"line c{number % 8}")
            for number, line in enumerate(series)
        ]
        names = [element("span", line.name, class_=f"key c{number % 8}") for number, line in enumerate(series)]
        return self._figure(title, unit, names, scale, drawn)

    def dots(self, title: str, unit: str, points: Iterable[tuple[float, float]], scale: Scale) -> Element:
        """A plot of single events: (second, value)."""
        drawn = [
            element("path", d=f"M{_x(self.time, at_s)} {_y(scale, value)}h0", class_="dot c0") for at_s, value in points
        ]
        return self._figure(title, unit, [], scale, drawn)

    def _figure(self, title: str, unit: str, names: list[Element], scale: Scale, drawn: list[Element]) -> Element:
        grid = [element("path", d=f"M0 {_y(scale, tick)}H1000", class_="grid") for tick in scale.ticks]
        faults = [
            element("path", element("title", mark.text), d=f"M{_x(self.time, mark.at_s)} 0V1000", class_="mark")
            for mark in self.marks
        ]
        svg = element(
            "svg",
            *grid,
            *faults,
            *drawn,
            viewBox="0 0 1000 1000",
            preserveAspectRatio="none",
            role="img",
            aria_label=f"{title}, {unit}",
        )
        area = element("div", self._numbers(), _labels("y", scale, "bottom", short), svg, self._times(), class_="area")
        caption = element("figcaption", element("strong", title), f" {unit} ", *names)
        return element("figure", caption, area)

    def _times(self) -> Element:
        unit_s, unit = (60, "min") if self.seconds > 240 else (1, "s")
        time = self.time
        scale = span(self.seconds / unit_s)
        return _labels("x", attrs.evolve(scale, high=time.high / unit_s), "left", lambda tick: f"{short(tick)} {unit}")

    def _numbers(self) -> Element:
        last, shown = -1.0, []
        for number, mark in enumerate(self.marks, 1):
            place = self.time.share(mark.at_s)
            if place - last >= NEAREST_MARKS:
                shown.append(element("span", str(number), style=f"left:{place:.2%}", title=mark.text))
                last = place
        return element("div", *shown, class_="numbers")


def short(value: float) -> str:
    """A number as people write it on an axis."""
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def _labels(name: str, scale: Scale, side: str, text: Callable[[float], str]) -> Element:
    spans = [element("span", text(tick), style=f"{side}:{scale.share(tick):.2%}") for tick in scale.ticks]
    return element("div", *spans, class_=name)


def _path(values: Sequence[float | None], step_s: float, time: Scale, scale: Scale) -> str:
    """Moves where there was no value before, so that a hole stays one; ``h0`` shows a value that stands alone."""
    parts, is_pen_down = [], False
    for number, value in enumerate(values):
        if value is not None:
            point = f"{_x(time, (number + 0.5) * step_s)} {_y(scale, value)}"
            parts.append(f"L{point}" if is_pen_down else f"M{point}h0")
        is_pen_down = value is not None
    return "".join(parts)


def _x(scale: Scale, value: float) -> str:
    return f"{1000 * scale.share(value):.1f}"


def _y(scale: Scale, value: float) -> str:
    return f"{1000 - 1000 * scale.share(value):.1f}"
