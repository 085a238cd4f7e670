"""What ``oarlock up`` started, from outside: its address, and its nodes by name."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
STOP_DEADLINE_S = 20
ADMIN_TOKEN = "the-harbour-masters-key"


@attrs.frozen
class Launched:
    """A cluster that runs."""

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        """Where HAProxy listens."""
        return int(self.url.rstrip("/").rpartition(":")[2])

    def kill(self, node: str) -> None:
        """Ends a node's process without a word. Raises: AssertionError when there is none of that name."""
        kept = [pid for keeper in _children(self.process.pid) for pid in _children(keeper)]
        pids = [pid for pid in kept if _arguments(pid)[0] == sys.executable and node in _arguments(pid)]
        assert len(pids) == 1, f"{node}: {pids}"
        os.kill(pids[0], signal.SIGKILL)


@contextmanager
def launched(*options: str) -> Iterator[Launched]:
    """Runs ``oarlock up`` on a free port while the context is open."""
    command = [sys.executable, "-m", "server.cli", "up", "--port", "0", *options]
    env = {**os.environ, "OARLOCK_ADMIN_TOKEN": ADMIN_TOKEN}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=env)
    assert process.stdout is not None
    try:
        lines = (re.search(r"Oarlock is up: (\S+)", line) for line in process.stdout)
        yield Launched(next(found.group(1) for found in lines if found), process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_DEADLINE_S)
        process.stdout.close()


def _children(pid: int) -> list[int]:
    # Each thread lists the processes that it started.
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def _arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
