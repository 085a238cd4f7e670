"""Shows a running swarm: a live line on a terminal, a plain line now and then elsewhere, or nothing.

Knows no bot. Invariant: showing never waits and never raises for want of a terminal.
"""

from __future__ import annotations

import math
from types import TracebackType
from typing import Protocol

import attrs
from rich.console import Console
from rich.live import Live
from rich.table import Table

from client_bot.tally import Tally

PLAIN_EVERY_S = 5.0


@attrs.frozen
class Moment:
    """A running swarm at one time."""

    at_s: float
    bots: int
    online: int
    nodes: int
    tally: Tally
    findings: int
    do_to_done_p50_s: float | None
    is_settling: bool

    def cells(self) -> list[tuple[str, str]]:
        """What is shown: heading and value."""
        tally = self.tally
        p50 = "-" if self.do_to_done_p50_s is None else f"{self.do_to_done_p50_s * 1000:.0f} ms"
        return [
            ("time", f"{self.at_s:.0f} s" + (" settling" if self.is_settling else "")),
            ("bots", f"{self.online}/{self.bots}"),
            ("nodes", str(self.nodes)),
            ("sent", str(tally.sent)),
            ("acknowledged", str(tally.acknowledged)),
            ("rejected", str(tally.rejected)),
            ("busy", str(tally.busy)),
            ("p50", p50),
            ("wrong", str(self.findings + tally.doubled + tally.stale_acks)),
        ]


class Progress(Protocol):
    """Where a swarm shows itself."""

    def show(self, moment: Moment) -> None:
        """Takes note of the run as it is now."""


class SilentProgress:
    """Shows nothing."""

    def show(self, moment: Moment) -> None:
        """Does nothing."""


class ConsoleProgress:
    """Shows a run on a console, for as long as it is entered."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._shown_s = -math.inf

    def __enter__(self) -> ConsoleProgress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Redraws the table, or prints a line when the last one is old enough."""
        if self._live is not None:
            self._live.update(_table(moment), refresh=True)
        elif moment.at_s - self._shown_s >= PLAIN_EVERY_S:
            self._shown_s = moment.at_s
            line = "  ".join(f"{name} {value}" for name, value in moment.cells())
            self._console.print(line, highlight=False, soft_wrap=True)


def _table(moment: Moment) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, _ in moment.cells():
        table.add_column(name, justify="right")
    table.add_row(*(value for _, value in moment.cells()))
    return table
