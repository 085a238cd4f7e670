"""How a process logs: one line per life event, for people or as JSON; many alike are counted instead.

Lines carry ``node`` and, where there is one, ``world`` and ``session``. Nothing is logged per frame or command, and no
secret ever: the tests read what a node prints. Invariant: of one event at most ``BURST`` lines at once and ``RATE_HZ``
a second are written, and every one left out is counted in a later line.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import attrs
import structlog
import trio
from structlog.typing import EventDict, WrappedLogger

from server.budget import Budget
from shared_state import logs

log = structlog.get_logger()

RATE_HZ = 10.0
BURST = 100
REPORT_EVERY_S = 10.0
MOST_EVENTS = 1_000
"""Events are fixed texts of the source; a game's own may be more."""


@attrs.define(eq=False)
class _Repeated:
    budget: Budget = attrs.field(factory=lambda: Budget(RATE_HZ, BURST))
    left_out: int = 0


@attrs.define(eq=False)
class Throttle:
    """A processor that leaves out lines of an event that comes too often."""

    now_s: Callable[[], float]
    _events: dict[str, _Repeated] = attrs.field(factory=dict)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        """The line, with how many before it were left out. Raises: structlog.DropEvent, for one too many."""
        event = str(line.get("event"))
        repeated = self._events.get(event)
        if repeated is None:
            if len(self._events) >= MOST_EVENTS:
                del self._events[next(iter(self._events))]
            repeated = self._events[event] = _Repeated()
        if not repeated.budget.take(self.now_s()):
            repeated.left_out += 1
            raise structlog.DropEvent
        if repeated.left_out:
            line["left_out"], repeated.left_out = repeated.left_out, 0
        return line

    def take_left_out(self) -> dict[str, int]:
        """How many lines of each event no later line told of; forgets them."""
        found = {event: repeated.left_out for event, repeated in self._events.items() if repeated.left_out}
        for event in found:
            self._events[event].left_out = 0
        return found


throttle = Throttle(time.monotonic)
"""Of this process."""


async def report_left_out_forever() -> None:
    """Tells of lines that were left out and followed by none of their kind."""
    while True:
        await trio.sleep(REPORT_EVERY_S)
        for event, count in throttle.take_left_out().items():
            log.info("lines left out", of=event, left_out=count)


def configure_logs(as_json: bool, verbose: bool = False) -> None:
    """Sets up structlog for this process; lines go to standard error, those of libraries too."""
    library = logging.getLogger(logs.LOGGER)
    library.handlers, library.propagate = [logging.StreamHandler(sys.stderr)], False
    library.setLevel(logging.DEBUG)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default shows all local variables, and with them tokens and secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[
            throttle,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info if as_json else _keep,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _keep(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return event
