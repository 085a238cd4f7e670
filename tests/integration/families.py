"""Processes that belong to a test: each inherits a mark in its environment, and can be found by it on Linux."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

VARIABLE = "OARLOCK_TEST_FAMILY"
OARLOCK = [sys.executable, "-m", "server.cli"]


@attrs.frozen
class Family:
    """A command, and all that it started, directly or not."""

    mark: str = attrs.field(factory=lambda: secrets.token_hex(8))

    @property
    def env(self) -> Mapping[str, str]:
        """The environment for the command."""
        return {**os.environ, VARIABLE: self.mark, "PYTHONUNBUFFERED": "1"}

    def members(self) -> dict[int, str]:
        """The command lines of those that run, by process id."""
        wanted = f"{VARIABLE}={self.mark}".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (path / "environ").read_bytes().split(b"\0"):
                    found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return {pid: line for pid, line in found.items() if line}

    async def gone(self, deadline_s: float) -> dict[int, str]:
        """Waits until none runs. Returns: those left at the deadline."""
        with trio.move_on_after(deadline_s):
            while self.members():  # noqa: ASYNC110  (of other processes there is no event)
                await trio.sleep(0.05)
        return self.members()


@asynccontextmanager
async def running(family: Family, arguments: Sequence[str], output: Path) -> AsyncGenerator[trio.Process, None]:
    """``oarlock`` with these arguments, killed with the context if it still runs; what it prints goes to a file."""
    with output.open("wb") as printed:
        process = await trio.lowlevel.open_process(
            [*OARLOCK, *arguments], stdout=printed, stderr=printed, env=family.env
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
