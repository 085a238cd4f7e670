"""Where a node's time goes under the arena: ``make profile [N=200]``, a table of stages and a flame graph.

py-spy looks at a node's stack many times a second, without a change to the node. Each look counts for the stage that
the innermost known frame belongs to: what a stage calls is its own, unless that is a stage too. The table goes to the
screen, the flame graph to ``bench/build/profile.svg`` and the stacks that it shows to ``bench/build/profile.txt``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from bench.arena.install import install
from bench.arena.machine import HOST, free_base
from bench.arena.peers import PEERS, Scene
from bench.arena.trial import LOAD_LIMIT_S, Figures, figures_of, running
from bench.limit import ACTIONS_HZ, TICKS_HZ

BUILD = Path("bench/build")
LOOKS_HZ = 400
WARM_S = 4.0

STAGES = (
    ("send", r"send \(server/net/|write \(server/session/session|_serve_turn.*on_writable"),
    ("receive", r"\(server/net/|\(selectors\.py"),
    ("decode", r"decode\w* \(server/(wire/codec|game/command)|guard \(server/wire/codec"),
    ("encode", r"\(server/wire/|encode_frame|_change \(server/interest/flush|_content \(server/interest/flush"),
    ("interest", r"\(server/interest/|\(server/host"),
    ("rule", r"\(server/(session/deeds|session/cause|game|games)|\(bench/|\(shared_state/transaction"),
    ("session", r"\(server/(session|budget)"),
    ("pack", r"\(shared_state/redis/(claim|steps)"),
    ("delta decode", r"decode_delta"),
    ("replica", r"\(shared_state/(replica|follower)"),
    ("transaction", r"\(shared_state/(flight|committer|job|overlay|session_row|histogram)"),
    ("store link", r"\(shared_state/redis/"),
    ("trio", r"\(trio/|\(outcome/"),
)
"""By the frame's function and file; the first that fits is the frame's stage."""
PER_FRAME = ("interest", "encode", "send")
_MATCHERS = [(stage, re.compile(pattern)) for stage, pattern in STAGES]


def stage_of(stack: str) -> str:
    """The stage of a stack in py-spy's raw form: frames from the outermost, with semicolons."""
    for frame in reversed(stack.split(";")):
        for stage, matcher in _MATCHERS:
            if matcher.search(frame):
                return stage
    return "other"


def by_stage(lines: Iterable[str]) -> Counter[str]:
    """Looks by stage, from lines of a stack and how often it was seen."""
    looks: Counter[str] = Counter()
    for line in lines:
        stack, _, seen = line.rstrip().rpartition(" ")
        looks[stage_of(stack)] += int(seen)
    return looks


def record(peer_name: str, players: int, seconds: float) -> tuple[list[str], Figures]:
    """Runs the load on a peer and looks at its first node. Returns: stacks; what the load measured."""
    tools, peer = install(), PEERS[peer_name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profile-")))
        scene = Scene(tools, free_base(), folder)
        ids = {p.name: stack.enter_context(running(p, folder)) for p in peer.programs(scene)}
        time.sleep(0.7)
        stacks = BUILD / "profile.txt"
        looking = [_look(ids["server1"], "raw", stacks, WARM_S, seconds)]
        looking.append(_look(ids["server1"], "flamegraph", BUILD / "profile.svg", WARM_S + seconds + 1, seconds))
        ports = "+".join(map(str, peer.ports(scene)))
        command = [str(tools.load), "-p", peer.protocol, "-n", str(players), "-a", f"{HOST}:{ports}"]
        command += ["-g", str(peer.grid), "-w", str(WARM_S), "-d", str(2 * seconds + 3)]
        command += ["-P", ",".join(f"{name}:{pid}" for name, pid in ids.items())]
        figures = figures_of(command, LOAD_LIMIT_S)
        for process in looking:
            process.wait()
    return stacks.read_text().splitlines(), figures


def _look(pid: int, form: str, out: Path, after_s: float, seconds: float) -> subprocess.Popen[bytes]:
    spy = [str(Path(sys.executable).parent / "py-spy"), "record", "--pid", str(pid), "--rate", str(LOOKS_HZ)]
    spy += ["--duration", str(round(seconds)), "--format", form, "--output", str(out)]
    later = f"sleep {after_s}; exec {' '.join(spy)}"
    return subprocess.Popen(["sh", "-c", later], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table(looks: Counter[str], node_s: float, players: int, seconds: float) -> str:
    """Processor time by stage as Markdown: share, microseconds a command, and a frame where frames cause it.

    Args:
        node_s: processor time of the node in ``seconds``.
    """
    commands, frames, all_looks = players * ACTIONS_HZ * seconds, players * TICKS_HZ * seconds, looks.total()
    lines = ["| stage | share | µs a command | µs a frame |", "|---|--:|--:|--:|"]
    for stage, seen in looks.most_common():
        spent_us = seen / all_looks * node_s * 1e6
        frame = f"{spent_us / frames:.1f}" if stage in PER_FRAME else ""
        lines.append(f"| {stage} | {seen / all_looks:.1%} | {spent_us / commands:.1f} | {frame} |")
    return "\n".join([*lines, f"| all | | {node_s / commands * 1e6:.1f} | |"])


def main() -> None:
    """Records and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--peer", default="oarlock", choices=[name for name in PEERS if name.startswith("oarlock")])
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    stacks, figures = record(options.peer, options.n, options.seconds)
    node_s = figures["procs"]["server1"]["cpu"]
    print(table(by_stage(stacks), node_s, options.n, figures["dur"]))
    cores = {name: round(process["cpu"] / figures["dur"], 3) for name, process in figures["procs"].items()}
    print(f"cores {cores}; a player-second {figures['cpu_per_player_s'] * 1000:.2f} ms with py-spy looking")


if __name__ == "__main__":
    main()
