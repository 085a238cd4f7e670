"""What is shown of a running swarm, as text: the display for a terminal, and one line for everywhere else.

Pure. Invariant: names come from nodes and are shown as text: neither markup nor control characters take effect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from client_bot.measure import Histogram
from client_bot.moment import Moment

NOTES = 6
"""How many of the latest are shown."""
BARS = " ▁▂▃▄▅▆▇█"
BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def display(moment: Moment, notes: Sequence[str]) -> RenderableType:
    """All of it: time, counts, rates by node, how long answers took in the last second, and what happened."""
    happened = [Text(note, style="yellow") for note in list(notes)[-NOTES:]]
    return Group(_time(moment), _row(_counts(moment)), _nodes(moment), _took(moment.last.took), *happened)


def line(moment: Moment) -> str:
    """The same in one line."""
    cells = [("time", _clock(moment)), ("bots", f"{moment.online}/{moment.bots}"), *_counts(moment)]
    nodes = ", ".join(f"{printable(node)} {moment.rate(node)}/s" for node in sorted(moment.bots_per_node))
    return "  ".join([*(f"{name} {value}" for name, value in cells), nodes]).rstrip()


def printable(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _clock(moment: Moment) -> str:
    return f"{moment.at_s:.0f} s" + (" settling" if moment.is_settling else "")


def _counts(moment: Moment) -> list[tuple[str, str]]:
    tally, took = moment.tally, moment.last.took
    return [
        ("sent", str(tally.sent)),
        ("acknowledged", str(tally.acknowledged)),
        ("rejected", str(tally.rejected)),
        ("busy", str(tally.busy)),
        ("connections", str(tally.connections)),
        ("p50", _ms(took.quantile(0.5))),
        ("p99", _ms(took.quantile(0.99))),
        ("wrong", str(moment.wrong)),
    ]


def _time(moment: Moment) -> Table:
    known = math.isfinite(moment.until_s) and moment.until_s < 1e6
    table = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=moment.until_s, completed=min(moment.at_s, moment.until_s), width=40) if known else ""
    table.add_row(_clock(moment), bar, f"{moment.online} of {moment.bots} bots")
    return table


def _row(cells: Sequence[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, _ in cells:
        table.add_column(name, justify="right")
    is_wrong = cells[-1][1] != "0"
    table.add_row(*(value for _, value in cells), style="bold red" if is_wrong else "")
    return table


def _nodes(moment: Moment) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("node")
    table.add_column("bots", justify="right")
    table.add_column("answers/s", justify="right")
    nodes = sorted({*moment.bots_per_node, *moment.last.answers})
    most = max(map(moment.rate, nodes), default=0) or 1
    for node in nodes:
        bar = Text("█" * round(30 * moment.rate(node) / most), style="cyan")
        table.add_row(Text(printable(node)), str(moment.bots_per_node[node]), str(moment.rate(node)), bar)
    return table


def _took(took: Histogram) -> Table:
    """A column for each span of time; the last one is open."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    reached = [0, *(took.up_to(bound_ms / 1000) for bound_ms in BOUNDS_MS), took.count]
    counts = [high - low for low, high in pairwise(reached)]
    most = max(*counts, 1)
    for bound_ms in BOUNDS_MS:
        table.add_column(f"≤{bound_ms}", justify="center")
    table.add_column("more ms", justify="center")
    table.add_row(*(Text(3 * BARS[math.ceil(count / most * 8)], style="green") for count in counts))
    return table


def _ms(quantile_s: float | None) -> str:
    return "-" if quantile_s is None else f"{quantile_s * 1000:.0f} ms"
