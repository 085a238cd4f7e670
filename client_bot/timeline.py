"""How a run went, second by second: what was sent and answered, how fast, by which node, and who was away how long.

Time is an argument. Invariant: memory does not depend on the run's length: past ``MOST_STEPS`` two steps become one,
and of the resume gaps the ``KEPT_GAPS`` longest are kept.
"""

from __future__ import annotations

import heapq
from collections import Counter

import attrs

from client_bot.measure import Histogram

MOST_STEPS = 600
KEPT_GAPS = 500


@attrs.define(eq=False)
class Step:
    """One step of time, over all bots: commands sent, times from command to answer, answers by node."""

    sent: int = 0
    took: Histogram = attrs.Factory(Histogram)
    answers: Counter[str] = attrs.Factory(Counter)

    def merge(self, other: Step) -> None:
        """Adds what others did in the same time."""
        self.sent += other.sent
        self.took.merge(other.took)
        self.answers.update(other.answers)


@attrs.frozen(order=True)
class Gap:
    """A change of connection: when it was over, in seconds from the beginning, and how long it was noticed."""

    noticed_s: float
    at_s: float


@attrs.define(eq=False)
class Timeline:
    """The steps of a run from ``began_s`` on, on the clock of whoever reports to it."""

    began_s: float
    step_s: float = 1.0
    steps: list[Step] = attrs.field(factory=list, init=False)
    longest_gaps: list[Gap] = attrs.field(factory=list, init=False)

    def sent(self, now_s: float) -> None:
        """A command was sent."""
        self._step(now_s).sent += 1

    def answered(self, node: str, took_s: float, now_s: float) -> None:
        """A node answered a command."""
        step = self._step(now_s)
        step.took.add(took_s)
        step.answers[node] += 1

    def returned(self, noticed_s: float, now_s: float) -> None:
        """A player is back on another connection."""
        self._keep(Gap(noticed_s, now_s - self.began_s))

    def last(self, now_s: float) -> Step:
        """The last step that is over; an empty one before there is any."""
        place = int((now_s - self.began_s) / self.step_s) - 1
        return self.steps[place] if 0 <= place < len(self.steps) else Step()

    def merge(self, other: Timeline) -> None:
        """Adds what another swarm noted that began at the same time; afterwards that one is of no use."""
        while self.step_s < other.step_s:
            self._coarsen()
        while other.step_s < self.step_s:
            other._coarsen()
        self.steps += [Step() for _ in range(len(other.steps) - len(self.steps))]
        for step, added in zip(self.steps, other.steps, strict=False):
            step.merge(added)
        for gap in other.longest_gaps:
            self._keep(gap)

    def _step(self, now_s: float) -> Step:
        place = int((now_s - self.began_s) / self.step_s)
        while place >= MOST_STEPS:
            self._coarsen()
            place //= 2
        self.steps += [Step() for _ in range(place + 1 - len(self.steps))]
        return self.steps[place]

    def _coarsen(self) -> None:
        for early, late in zip(self.steps[::2], self.steps[1::2], strict=False):
            early.merge(late)
        self.steps = self.steps[::2]
        self.step_s *= 2

    def _keep(self, gap: Gap) -> None:
        if len(self.longest_gaps) < KEPT_GAPS:
            heapq.heappush(self.longest_gaps, gap)
        else:
            heapq.heappushpop(self.longest_gaps, gap)
