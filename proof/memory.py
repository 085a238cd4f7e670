"""How the memory of a run's processes grows: resident bytes now and then, and the slope of each process's last life.

Must not know: what the processes do. Invariant: a process that was started anew is another life; its beginning, when
caches fill, does not count.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import attrs

from client_bot.report import MemoryUse

WARM_SHARE = 0.25
"""Of a life: its beginning."""
SHORTEST_S = 60.0
"""What is left has to last so long to have a slope."""
MB = 1 << 20


@attrs.frozen
class Sample:
    """A process's memory at one time (seconds, any clock)."""

    at_s: float
    name: str
    pid: int
    mb: float


@attrs.define(eq=False)
class MemoryLog:
    """All samples of a run."""

    samples: list[Sample] = attrs.field(factory=list)

    def take(self, at_s: float, processes: Iterable[tuple[str, int]]) -> None:
        """Looks at processes, by name and id; those that are gone, or of another system, are left out."""
        for name, pid in processes:
            mb = resident_mb(pid)
            if mb:
                self.samples.append(Sample(at_s, name, pid, mb))

    def use(self) -> dict[str, MemoryUse]:
        """What came of each process, by name, in its last life."""
        ordered = sorted(self.samples, key=lambda sample: (sample.name, sample.at_s))
        lives = ((name, list(samples)) for name, samples in groupby(ordered, key=lambda sample: sample.name))
        return {name: _use([s for s in samples if s.pid == samples[-1].pid]) for name, samples in lives}


def resident_mb(pid: int) -> float:
    """Resident memory of a process; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def _use(life: list[Sample]) -> MemoryUse:
    first, last = life[0], life[-1]
    warm = [sample for sample in life if sample.at_s >= first.at_s + WARM_SHARE * (last.at_s - first.at_s)]
    has_slope = last.at_s - warm[0].at_s >= SHORTEST_S
    return MemoryUse(
        mb=round(last.mb, 1),
        most_mb=round(max(sample.mb for sample in life), 1),
        lived_s=round(last.at_s - first.at_s, 1),
        mb_per_hour=round(_slope(warm) * 3600, 2) if has_slope else None,
    )


def _slope(samples: list[Sample]) -> float:
    """Of the straight line that fits best, MB per second."""
    mean_s = sum(sample.at_s for sample in samples) / len(samples)
    mean_mb = sum(sample.mb for sample in samples) / len(samples)
    spread = sum((sample.at_s - mean_s) ** 2 for sample in samples)
    return sum((sample.at_s - mean_s) * (sample.mb - mean_mb) for sample in samples) / spread
