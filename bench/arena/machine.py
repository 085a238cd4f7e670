"""The machine that runs share with others: free ports, quiet moments, and what other processes used meanwhile."""

from __future__ import annotations

import os
import random
import socket
import time
from pathlib import Path

from server.launch.ports import why_not_listen

HOST = "127.0.0.1"
PORTS_IN_A_ROW = 10
QUIET_CORES = 0.15
_TICKS = os.sysconf("SC_CLK_TCK")


def free_base() -> int:
    """The first of ten ports in a row that nobody listens on, below those that clients are given."""
    while True:
        base = random.randrange(20_000, 32_000, PORTS_IN_A_ROW)
        if not any(why_not_listen(HOST, port) for port in range(base, base + PORTS_IN_A_ROW)):
            return base


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def wait_quiet(patience_s: float) -> None:
    """Waits until the machine is idle, for a while at most."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        before = _busy_ticks()
        time.sleep(0.7)
        if (_busy_ticks() - before) / _TICKS / 0.7 < QUIET_CORES:
            return


def _busy_ticks() -> int:
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split(None, 9)[1:9]
    )
    return user + nice + system + irq + softirq + steal
