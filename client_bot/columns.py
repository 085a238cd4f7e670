"""A run's timeline as reports carry it: columns with one value a step, so that it stays short and plots easily.

Pure. Invariant: all columns are equally long; a step without answers has null as its quantiles.
"""

from __future__ import annotations

import attrs

from client_bot.measure import Histogram
from client_bot.timeline import Step, Timeline


@attrs.frozen
class ResumeGap:
    """A change of connection that was over ``at_s`` seconds after the bots began, and what its player noticed of it."""

    at_s: float
    ms: float


@attrs.frozen
class Columns:
    """Steps of ``step_s`` seconds from the beginning of the bots. ``resume_gaps``: the longest ones."""

    step_s: float = 1.0
    sent: list[int] = attrs.Factory(list)
    answered: list[int] = attrs.Factory(list)
    p50_ms: list[float | None] = attrs.Factory(list)
    p99_ms: list[float | None] = attrs.Factory(list)
    answered_by_node: dict[str, list[int]] = attrs.Factory(dict)
    resume_gaps: list[ResumeGap] = attrs.Factory(list)


def columns_of(timeline: Timeline) -> Columns:
    """The timeline of a run."""
    steps = timeline.steps
    return Columns(
        timeline.step_s,
        [step.sent for step in steps],
        [step.answers.total() for step in steps],
        [_ms(step.took, 0.5) for step in steps],
        [_ms(step.took, 0.99) for step in steps],
        {node: [step.answers[node] for step in steps] for node in _nodes(steps)},
        [ResumeGap(round(gap.at_s, 1), round(gap.noticed_s * 1000, 1)) for gap in sorted(timeline.longest_gaps)],
    )


def _nodes(steps: list[Step]) -> list[str]:
    return sorted({node for step in steps for node in step.answers})


def _ms(histogram: Histogram, share: float) -> float | None:
    quantile_s = histogram.quantile(share)
    return None if quantile_s is None else round(quantile_s * 1000, 1)
