"""A node whose clock can be set, and a guard of which can be taken out.

``python -m proof.node [GUARD] serve ...`` runs a node like ``oarlock serve ...``. On SIGUSR1 its clock goes half a
minute ahead, on SIGUSR2 half a minute back. The product has no switch for any of this: it is done to the code in that
process, from outside.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from proof.sabotage import GUARDS
from server.cli import main

STEP_S = 30


def _let_clock_be_set() -> None:
    """The wall clock alone: what only moves on, a kernel does not step."""
    right = time.time_ns
    ahead_ns = 0

    def step(number: int, _frame: FrameType | None) -> None:
        nonlocal ahead_ns
        ahead_ns += (STEP_S if number == signal.SIGUSR1 else -STEP_S) * 1_000_000_000

    signal.signal(signal.SIGUSR1, step)
    signal.signal(signal.SIGUSR2, step)
    time.time_ns = lambda: right() + ahead_ns
    time.time = lambda: time.time_ns() / 1e9


if __name__ == "__main__":
    _let_clock_be_set()
    if sys.argv[1] in GUARDS:
        GUARDS[sys.argv.pop(1)]()
    main()
