"""The slope of a process's memory: of its last life, once it is warm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from proof.memory import MemoryLog, Sample, resident_mb


def log(*lives: tuple[int, float, float, float]) -> MemoryLog:
    """A process's lives: id, from second, megabytes at first, megabytes per hour; each lasts 400 s."""
    return MemoryLog(
        [
            Sample(from_s + at_s, "node1", pid, mb + per_hour * at_s / 3600)
            for pid, from_s, mb, per_hour in lives
            for at_s in range(0, 401, 10)
        ]
    )


def test_a_slope_is_that_of_the_line() -> None:
    """Megabytes per hour, and what the process has at the end."""
    use = log((1, 0.0, 50.0, 9.0)).use()["node1"]
    assert (use.mb_per_hour, use.mb, use.lived_s) == (9.0, 51.0, 400.0)


def test_only_the_last_life_counts() -> None:
    """A process that was started anew has not shrunk."""
    use = log((1, 0.0, 50.0, 900.0), (2, 500.0, 40.0, 0.0)).use()["node1"]
    assert (use.mb_per_hour, use.mb, use.most_mb) == (0.0, 40.0, 40.0)


def test_the_beginning_does_not_count() -> None:
    """Caches that fill are no leak."""
    samples = log((1, 0.0, 50.0, 0.0)).samples
    cold = [Sample(sample.at_s, "node1", 1, 20.0) if sample.at_s < 90 else sample for sample in samples]
    assert MemoryLog(cold).use()["node1"].mb_per_hour == 0.0


def test_a_short_life_has_no_slope() -> None:
    """Seconds tell nothing of hours."""
    assert MemoryLog(log((1, 0.0, 50.0, 9.0)).samples[:5]).use()["node1"].mb_per_hour is None


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells")
def test_memory_is_that_of_the_process() -> None:
    """This one has some; one that is not there has none, and is left out."""
    assert 5 < resident_mb(os.getpid()) < 5000
    memory = MemoryLog()
    memory.take(1.0, [("here", os.getpid()), ("gone", 2**22 + 1)])
    assert [sample.name for sample in memory.samples] == ["here"]
