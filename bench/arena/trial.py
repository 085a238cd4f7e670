"""One run: fresh processes of one peer, the load on them, and what the load measured.

Invariant: whatever happens, no process of the run is left.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from bench.arena.install import Tools
from bench.arena.machine import HOST, free_base, listens
from bench.arena.peers import ENVIRONMENT, Peer, Program, Scene

Figures: TypeAlias = dict[str, Any]
"""What the load prints; ``load/report.c`` names the fields."""

START_LIMIT_S = 20.0
LOAD_LIMIT_S = 60.0
STOP_LIMIT_S = 5.0


class TrialFailed(Exception):
    """A run that gave no figures; the text says why."""


@attrs.frozen
class Plan:
    """How long a run lasts, in seconds: what is left out at its beginning, what is measured."""

    warm_s: float
    measured_s: float


def run_trial(tools: Tools, peer: Peer, players: int, plan: Plan) -> Figures:
    """The figures of one run. Raises: TrialFailed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="arena-")))
        scene = Scene(tools, free_base(), folder)
        programs = peer.programs(scene)
        started = [f"{program.name}:{stack.enter_context(running(program, folder))}" for program in programs]
        time.sleep(0.7)
        ports = "+".join(map(str, peer.ports(scene)))
        command = [str(tools.load), "-p", peer.protocol, "-n", str(players), "-a", f"{HOST}:{ports}"]
        command += ["-g", str(peer.grid), "-w", str(plan.warm_s), "-d", str(plan.measured_s), "-P", ",".join(started)]
        return figures_of(command, LOAD_LIMIT_S + plan.warm_s + plan.measured_s)


def figures_of(command: list[str], limit_s: float) -> Figures:
    """Runs the load. Raises: TrialFailed."""
    # The load goes first: what it is late with, it would count as the servers' latency.
    urgent = ["nice", "-n", "-10", *command] if os.geteuid() == 0 else command
    try:
        done = subprocess.run(urgent, stdout=subprocess.PIPE, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise TrialFailed("the load ran past its limit") from None
    try:
        figures: Figures = json.loads(done.stdout)
    except ValueError:
        raise TrialFailed(f"the load ended with {done.returncode}: {done.stdout[-300:]!r}") from None
    if "error" in figures:
        raise TrialFailed(figures["error"])
    return figures


@contextmanager
def running(program: Program, folder: Path) -> Iterator[int]:
    """Runs a process; gives its id once it listens."""
    log = folder / f"{program.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=os.environ | ENVIRONMENT,
        )
    try:
        _until_listening(program, process, log)
        yield process.pid
    finally:
        _end(process)


def _until_listening(program: Program, process: subprocess.Popen[bytes], log: Path) -> None:
    until_s = time.monotonic() + START_LIMIT_S
    while not listens(program.port):
        if process.poll() is not None or time.monotonic() > until_s:
            raise TrialFailed(f"{program.name} did not start: {log.read_text(errors='replace')[-400:]}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
