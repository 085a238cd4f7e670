"""Runs every benchmark, one after the other, and keeps their figures.

    python -m bench

Each benchmark prints a table and, last, one JSON object; these are collected in ``bench/results/latest.json``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "bench.store.script",
    "bench.store.link",
    "bench.store.snapshot",
    "bench.store.durability",
    "bench.store.loss",
    "bench.commit.throughput",
    "bench.commit.contention",
    "bench.commit.saturation",
    "bench.net.broadcast",
    "bench.net.receive",
    "bench.net.idle",
    "bench.net.slow",
    "bench.limit",
)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Runs them all; exits with 1 if one fails."""
    figures: dict[str, object] = {"machine": machine()}
    failed = False
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", name], stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, flush=True)
        failed |= done.returncode != 0
        figures[name] = last_object(done.stdout)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(figures, indent=2) + "\n")
    sys.exit(failed)


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return {"cores": os.cpu_count(), "processor": models[0] if models else "", "python": platform.python_version()}


def last_object(output: str) -> object:
    """The JSON object on the last line that is one."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    return None


if __name__ == "__main__":
    main()
