"""What clients that do not read cost the others: time until a move is seen; the node's time and memory (S13).

    python -m bench.net.slow [--players N] [--pairs P] [--seconds S]

One node. The arena's load, a process of its own, plays on it again and again, with ten more clients: in one phase of a
pair they read, in the other five read nothing (they are closed after 3 s, and come back) and five a kilobyte a second.
The order changes from pair to pair, and ratios are taken within a pair, so what the machine does meanwhile meets both
alike. Few players, so that the machine is not full: a full one shows its own ups and downs.
Target: at most 1.2 times the p99.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import attrs
import click

from bench.arena.install import build_load
from bench.arena.machine import HOST, free_base
from bench.arena.peers import Program
from bench.arena.trial import LOAD_LIMIT_S, Figures, figures_of, running
from bench.net.idlers import Idlers, join_frame
from shared_state.embedded import find_binary

TARGET = 1.2
WORLD = "arena"
SLOW_LIMIT_S = 3.0
WARM_S = 2.0
SILENT, SIPPING = 5, 5
SIP_BYTES = 1024
"""A second."""

COMES_BACK_S = 6.0
BUFFER_BYTES = 4096
CERTAINTY = 0.95


@attrs.frozen
class Phase:
    """What the load measured, and the node said.

    Args:
        cpu_ms: of the node, each player and second. lag_p99_ms: how late the load itself was.
        held_back: updates that the node did not queue.
    """

    p50_ms: float
    p99_ms: float
    cpu_ms: float
    lag_p99_ms: float
    memory_mb: float
    held_back: float


def read(port: int, first: int, over: threading.Event) -> None:
    """Ten who take what they are sent."""
    idlers = idlers_at(port, first, 0)
    idlers.come(SILENT + SIPPING)
    while not over.is_set():
        idlers.stay(0.2)
    idlers.leave()


def read_nothing(port: int, first: int, over: threading.Event) -> None:
    """Five who take nothing, and come back when they have been closed for it."""
    idlers = idlers_at(port, first, BUFFER_BYTES)
    while not over.is_set():
        idlers.come(SILENT)
        over.wait(COMES_BACK_S)
        idlers.leave()


def sip(port: int, first: int, over: threading.Event) -> None:
    """Five who take a kilobyte a second."""
    idlers = idlers_at(port, first + 1000, BUFFER_BYTES)
    idlers.come(SIPPING)
    while not over.wait(1.0):
        idlers.sip(SIP_BYTES)
    idlers.leave()


def idlers_at(port: int, first: int, buffer_bytes: int) -> Idlers:
    """Clients whose names are numbers, as the arena wants it."""
    return Idlers(port, WORLD, lambda number: join_frame(str(first + number)), buffer_bytes)


Habit = Callable[[int, int, threading.Event], None]
READERS: tuple[Habit, ...] = (read,)
DAWDLERS: tuple[Habit, ...] = (read_nothing, sip)


@contextmanager
def company(port: int, first: int, habits: Sequence[Habit]) -> Iterator[None]:
    """Others on the node, for a while."""
    over = threading.Event()
    threads = [threading.Thread(target=habit, args=(port, first, over)) for habit in habits]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1.0)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def held_back(port: int) -> float:
    """Updates that the node has not queued for slow clients."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics") as page:
        lines = page.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("oarlock_held_back_total"))


def play(command: list[str], port: int, players: int, seconds: float, habits: Sequence[Habit]) -> Phase:
    """One phase."""
    before = held_back(port)
    with company(port, players, habits):
        figures: Figures = figures_of(command, LOAD_LIMIT_S + seconds)
        held = held_back(port) - before
    node = figures["procs"]["node"]
    cpu_ms = node["cpu"] / seconds / players * 1000
    spans = figures["lat_ms"]
    return Phase(spans["p50"], spans["p99"], cpu_ms, figures["gen_lag_ms"]["p99"], node["rss_end"] / 1024, held)


@contextmanager
def one_node(folder: Path) -> Iterator[tuple[int, int]]:
    """A store and a node for the arena's game; gives the node's port and process."""
    base = free_base()
    store = [str(find_binary()), "--port", str(base), "--bind", HOST, "--save", "", "--dir", str(folder)]
    node = [sys.executable, "-m", "server.cli", "serve", "--bind", f"{HOST}:{base + 1}"]
    node += ["--store", f"redis://{HOST}:{base}/0", "--game", "bench.arena.game:together"]
    node += ["--world-slow-limit-s", str(SLOW_LIMIT_S), "--world-grace-s", "0", "--clients-requests-burst", "1000000"]
    with ExitStack() as stack:
        stack.enter_context(running(Program("store", store, base), folder))
        yield base + 1, stack.enter_context(running(Program("node", node, base + 1), folder))


def pair_up(phase: Callable[[Sequence[Habit]], Phase], pairs: int) -> Iterator[tuple[Phase, Phase]]:
    """Pairs of phases: all read, some don't."""
    for number in range(pairs):
        order = (READERS, DAWDLERS) if number % 2 == 0 else (DAWDLERS, READERS)
        first, second = (phase(habits) for habits in order)
        yield (first, second) if number % 2 == 0 else (second, first)


def spread(ratios: Sequence[float]) -> tuple[float, float, float]:
    """The median, and between which two ratios the true one is with ``CERTAINTY``, if there are six or more.

    Each ratio is above the true median or below it like a coin that is thrown.
    """
    count, left_out = len(ratios), 0
    outside = 2 / 2**count
    while outside <= 1 - CERTAINTY and left_out < count // 2:
        left_out += 1
        outside += 2 * math.comb(count, left_out) / 2**count
    inner = sorted(ratios)[max(left_out - 1, 0) : count - max(left_out - 1, 0)]
    return round(statistics.median(ratios), 3), round(inner[0], 3), round(inner[-1], 3)


def row(name: str, phase: Phase) -> str:
    """A line of the table."""
    spans = f"{phase.p50_ms:8.1f}{phase.p99_ms:8.1f}{phase.lag_p99_ms:9.1f}"
    return f"{name:12}{spans}    {phase.cpu_ms:8.2f}    {phase.memory_mb:8.1f} {phase.held_back:10.0f}"


@click.command()
@click.option("--players", default=40, show_default=True, help="How many are measured.")
@click.option("--pairs", default=8, show_default=True, help="How many pairs of phases.")
@click.option("--seconds", default=4.0, show_default=True, help="How long is measured in each.")
def main(players: int, pairs: int, seconds: float) -> None:
    """Prints a table and a JSON line."""
    print(f"{'':12}{'p50':>8}{'p99':>8}{'lag p99':>9} ms {'node':>8} ms {'memory':>8} MB {'held back':>9}")
    both = []
    with tempfile.TemporaryDirectory() as folder, one_node(Path(folder)) as (port, pid):
        command = [str(build_load()), "-p", "oarlock", "-n", str(players), "-a", f"{HOST}:{port}"]
        command += ["-w", str(WARM_S), "-d", str(seconds), "-P", f"node:{pid}"]
        for pair in pair_up(partial(play, command, port, players, seconds), pairs):
            both.append(pair)
            print(row("all read", pair[0]), row("some don't", pair[1]), sep="\n", flush=True)
    report = {name: spread([getattr(slow, name) / getattr(quick, name) for quick, slow in both]) for name in MEASURES}
    for name, (median, low, high) in report.items():
        print(f"{name}: x {median} ({low} to {high})")
    print(json.dumps({"benchmark": "net.slow", "players": players, "pairs": pairs, "target": TARGET} | report))


MEASURES = ("p50_ms", "p99_ms", "cpu_ms", "memory_mb")


if __name__ == "__main__":
    main()
