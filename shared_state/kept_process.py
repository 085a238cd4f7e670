"""A child process that ends when this one does, however this one ends.

How it works: the program is a child of a small shell that waits at the read end of a pipe. When this process goes,
kill -9 included, the pipe closes and the shell kills the program. (Linux's parent-death signal would not do: Trio
starts programs from worker threads, and that signal fires when the thread ends.) The shell leads a session of its
own: Ctrl-C in a terminal reaches this process alone, which then ends its children in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

KILL_DEADLINE_S = 5.0
"""How long a killed program may take to be gone."""

_KEEPER = """
exec 3<&0 2>>"$0"
"$@" </dev/null >>"$0" 2>&1 3<&- &
program=$!
(read _ <&3; kill -9 $program) >/dev/null 2>/dev/null &
watcher=$!
echo $program
wait $program
status=$?
kill -9 $watcher 2>/dev/null
exit $status
"""
"""Arguments: log file, then the command. Says the program's process id, and ends after it with its status."""


@attrs.frozen
class KeptProcess:
    """A running program. ``pid`` is its own, not the keeper's; ``log_path`` has all that it prints."""

    pid: int
    log_path: Path
    _keeper: trio.Process

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._keeper.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; nothing happens if it has ended."""
        if not self.running:
            return
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    async def wait(self) -> int:
        """Waits for its end. Returns: its exit status, as a shell gives it."""
        return await self._keeper.wait()

    def log_end(self) -> str:
        """The last lines that it printed, joined."""
        if not self.log_path.exists():
            return "it left no log"
        return " | ".join(self.log_path.read_text(errors="replace").splitlines()[-5:])


@asynccontextmanager
async def kept_process(
    command: Sequence[str], log_path: Path, *, stop_deadline_s: float = 5.0, env: Mapping[str, str] | None = None
) -> AsyncGenerator[KeptProcess, None]:
    """A program that runs while the context is open, then gets SIGTERM and, after the deadline, SIGKILL.

    Args:
        log_path: gets what it prints, added at the end.
        env: variables in addition to this process's.

    Raises:
        OSError: there is no shell. (A missing program ends at once with status 127.)
    """
    keeper = await trio.lowlevel.open_process(
        ["/bin/sh", "-c", _KEEPER, str(log_path), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **(env or {})},
    )
    assert keeper.stdout is not None
    try:
        process = KeptProcess(int(await keeper.stdout.receive_some()), log_path, keeper)
    except BaseException:
        with trio.move_on_after(KILL_DEADLINE_S, shield=True):
            await _end(keeper, None, 0.0)
        raise
    try:
        yield process
    finally:
        with trio.move_on_after(stop_deadline_s + KILL_DEADLINE_S, shield=True):
            await _end(keeper, process, stop_deadline_s)


async def _end(keeper: trio.Process, process: KeptProcess | None, deadline_s: float) -> None:
    """SIGTERM, then after a deadline the closed pipe, which kills."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    if process is not None:
        process.signal(signal.SIGTERM)
        with trio.move_on_after(deadline_s):
            await keeper.wait()
    await keeper.stdin.aclose()
    await keeper.stdout.aclose()
    await keeper.wait()
