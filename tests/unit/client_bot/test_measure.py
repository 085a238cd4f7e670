"""Histograms and the visibility of commits across nodes."""

from __future__ import annotations

import random

import pytest

from client_bot.measure import Histogram, Measures
from client_bot.visibility import KEPT_COMMITS, KEPT_STEPS, Commit, Visibility


def test_quantiles_are_within_the_width_of_a_bucket() -> None:
    """Against a sorted list, quantiles are at most 2 % too high and never too low; the maximum is exact."""
    chance = random.Random(1)
    samples = sorted(chance.lognormvariate(-4, 1) for _ in range(10_000))
    histogram = Histogram()
    for sample in samples:
        histogram.add(sample)
    for share in (0.01, 0.5, 0.9, 0.99, 1.0):
        exact = samples[max(0, int(share * len(samples)) - 1)]
        assert exact <= (histogram.quantile(share) or 0.0) * 1.0001 <= exact * 1.021
    assert histogram.max_s == samples[-1]


def test_an_empty_histogram_has_no_quantile() -> None:
    """No samples is not zero."""
    assert Histogram().quantile(0.5) is None


def test_extremes_fit() -> None:
    """Zero, negative and huge durations are counted without error."""
    histogram = Histogram()
    for duration_s in (-1.0, 0.0, 1e9):
        histogram.add(duration_s)
    assert histogram.count == 3
    assert histogram.quantile(1.0) == pytest.approx(1e9)


def seen_twice(epoch: str = "e") -> tuple[Visibility, Measures]:
    """Two nodes, both at version 1 at time 0."""
    visibility = Visibility(Measures())
    for node in ("a", "b"):
        visibility.seen(epoch, node, 1, 0.0)
    return visibility, visibility.measures


def test_a_commit_is_measured_when_the_other_node_shows_it() -> None:
    """It waits for the first view of another node at its version or later, and views of its own node do not count."""
    visibility, measures = seen_twice()
    visibility.committed("e", "a", Commit(5, sent_s=1.0, answered_s=1.5))
    visibility.seen("e", "a", 5, 1.4)
    visibility.seen("e", "b", 4, 1.6)
    assert measures.cross_node.count == 0
    visibility.seen("e", "b", 6, 2.0)
    visibility.seen("e", "b", 7, 9.0)
    assert measures.cross_node.count == 1
    assert measures.cross_node.max_s == pytest.approx(1.0)
    assert measures.seen_elsewhere.max_s == pytest.approx(0.5)


def test_a_commit_that_another_node_showed_first_is_measured_at_that_time() -> None:
    """When the other node was faster than the answer, its own time counts, not the time of the answer."""
    visibility, measures = seen_twice()
    visibility.seen("e", "b", 4, 1.1)
    visibility.seen("e", "b", 5, 1.2)
    visibility.seen("e", "b", 6, 1.3)
    visibility.committed("e", "a", Commit(5, sent_s=1.0, answered_s=1.5))
    assert measures.cross_node.max_s == pytest.approx(0.2)
    assert measures.seen_elsewhere.max_s == 0.0


def test_each_other_node_gives_a_sample() -> None:
    """With three nodes a commit is measured on two."""
    visibility, measures = seen_twice()
    visibility.seen("e", "c", 1, 0.0)
    visibility.committed("e", "a", Commit(2, 1.0, 1.0))
    visibility.seen("e", "b", 2, 1.5)
    visibility.seen("e", "c", 2, 1.6)
    assert measures.cross_node.count == 2


def test_a_new_epoch_starts_over() -> None:
    """Commits of an epoch that is gone are not measured against the versions of the next."""
    visibility, measures = seen_twice()
    visibility.committed("e", "a", Commit(5, 1.0, 1.0))
    visibility.seen("f", "b", 1, 2.0)
    visibility.committed("e", "a", Commit(6, 1.0, 1.0))
    visibility.seen("f", "b", 10, 3.0)
    assert measures.cross_node.count == 0


def test_memory_is_bounded_and_what_did_not_fit_is_counted() -> None:
    """A node that shows nothing more does not let commits pile up, nor one that shows much its past."""
    visibility, measures = seen_twice()
    for version in range(2, KEPT_STEPS + 100):
        visibility.seen("e", "a", version, float(version))
        visibility.committed("e", "a", Commit(version, version, version))
    assert visibility.unmeasured == KEPT_STEPS + 98 - KEPT_COMMITS
    visibility.committed("e", "b", Commit(2, 0.0, 0.0))
    assert visibility.unmeasured == KEPT_STEPS + 99 - KEPT_COMMITS
    visibility.seen("e", "b", KEPT_STEPS + 100, 1e6)
    assert measures.cross_node.count == KEPT_COMMITS
