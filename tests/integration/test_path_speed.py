"""A guard against slow code on the way of a command: our path against a loop that never changes, in one process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

RATIO = 2.1
"""Of ``bench.path`` when this was last set: medians of 1.9 to 2.2 on a machine that is full of other work."""
LOSS = 1.4
ATTEMPTS = 3


def ratio() -> float:
    """Processor time of the path over that of the reference loop: the median of interleaved rounds."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.path", "40"], check=True, capture_output=True, text=True, timeout=60
    )
    return float(json.loads(run.stdout)["ratio"])


@pytest.mark.integration
def test_the_path_of_a_command_has_not_become_slow() -> None:
    """A loss of 1.4 times shows in every attempt, noise does not."""
    ratios = [ratio()]
    while min(ratios) >= RATIO * LOSS and len(ratios) < ATTEMPTS:
        ratios.append(ratio())
    assert min(ratios) < RATIO * LOSS, f"the path takes {ratios} times the reference loop, {RATIO} is expected"
