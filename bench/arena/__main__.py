"""Measures Oarlock and its rivals: ``make arena PEERS=colyseus,oarlock N=50,200 REPS=3 OUT=file.json``.

Repetitions are interleaved over peers and numbers of players, so that what the machine does meanwhile meets all alike:
compare within one run of this command. Once a peer has fallen at some N, no larger N of it is run.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.arena.install import Tools, install
from bench.arena.machine import wait_quiet
from bench.arena.peers import PEERS
from bench.arena.report import Run, line, summary, table
from bench.arena.trial import Plan, TrialFailed, run_trial

DISTURBED_CORES = 0.2
ATTEMPTS = 3


def main() -> None:
    """Runs, prints the table, writes the summary and (beside it) every run."""
    options = _options()
    tools = install()
    runs: list[Run] = []
    with options.out.with_suffix(".runs.jsonl").open("w") as log:
        for run in _runs(options, tools):
            runs.append(run)
            print(line(run), flush=True)
            log.write(json.dumps({"peer": run.peer, "n": run.players, "failure": run.failure} | run.figures) + "\n")
            log.flush()
            options.out.write_text(json.dumps(summary(runs), indent=2) + "\n")
    print(table(summary(runs)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.arena", description=__doc__)
    parser.add_argument("--peers", type=_peers, default=["colyseus", "oarlock"], help="names, with commas; or all")
    parser.add_argument("--n", type=_numbers, default=[50, 200], help="numbers of players, with commas")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--measured-s", type=float, default=8.0)
    parser.add_argument("--warm-s", type=float, default=3.0)
    parser.add_argument(
        "--patience-s", type=float, default=120.0, help="longest wait for a quiet machine; 0: take it as it is"
    )
    parser.add_argument("--out", type=Path, default=Path("bench/build/arena.json"))
    return parser.parse_args()


def _peers(text: str) -> list[str]:
    names = list(PEERS) if text == "all" else text.split(",")
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no peer {', '.join(unknown)}; there are {', '.join(PEERS)}")
    return names


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _runs(options: argparse.Namespace, tools: Tools) -> Iterator[Run]:
    fallen: dict[str, int] = {}
    plan = Plan(options.warm_s, options.measured_s)
    for _ in range(options.reps):
        for name in options.peers:
            for players in options.n:
                if players <= fallen.get(name, players):
                    run = _undisturbed(partial(_run, tools, name, players, plan), options.patience_s)
                    if run.verdict != "holds":
                        fallen[name] = min(players, fallen.get(name, players))
                    yield run


def _undisturbed(trial: Callable[[], Run], patience_s: float) -> Run:
    """A run on a quiet machine; if others disturb it, it is made again, and the last of three counts."""
    for attempt in range(ATTEMPTS):
        with (Path(tempfile.gettempdir()) / "oarlock-arena.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            wait_quiet(patience_s)
            run = trial()
        if not patience_s or run.failure or run.others_cores <= DISTURBED_CORES or attempt + 1 == ATTEMPTS:
            return run
        print(f"disturbed, again: {line(run)}", flush=True)
    raise AssertionError("unreachable")


def _run(tools: Tools, name: str, players: int, plan: Plan) -> Run:
    try:
        return Run(name, players, run_trial(tools, PEERS[name], players, plan))
    except TrialFailed as failure:
        return Run(name, players, {}, str(failure))


if __name__ == "__main__":
    main()
