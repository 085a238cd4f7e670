"""Shows a running swarm: a live display on a terminal, a plain line now and then elsewhere, or nothing.

Knows no bot. Invariant: showing never waits and never raises for want of a terminal.
"""

from __future__ import annotations

import math
from collections import deque
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live

from client_bot.display import NOTES, display, line, printable
from client_bot.moment import Moment

PLAIN_EVERY_S = 5.0


class Progress(Protocol):
    """Where a swarm shows itself."""

    def show(self, moment: Moment) -> None:
        """Takes note of the run as it is now."""

    def note(self, at_s: float, text: str) -> None:
        """Takes note of something that happened to the run from outside, as a fault, at a second of it."""


class SilentProgress:
    """Shows nothing."""

    def show(self, moment: Moment) -> None:
        """Does nothing."""

    def note(self, at_s: float, text: str) -> None:
        """Does nothing."""


class ConsoleProgress:
    """Shows a run on a console, for as long as it is entered."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._shown_s = -math.inf
        self._notes: deque[str] = deque(maxlen=NOTES)

    def __enter__(self) -> ConsoleProgress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Redraws the display, or prints a line when the last one is old enough."""
        if self._live is not None:
            self._live.update(display(moment, self._notes), refresh=True)
        elif moment.at_s - self._shown_s >= PLAIN_EVERY_S:
            self._shown_s = moment.at_s
            self._print(line(moment))

    def note(self, at_s: float, text: str) -> None:
        """Keeps it for the display, or prints it at once."""
        note = f"{at_s:5.1f} s  {printable(text)}"
        self._notes.append(note)
        if self._live is None:
            self._print(note)

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
