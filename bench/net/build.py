"""Builds and runs what the network benchmarks need besides Python: the C load, and Node's ``ws`` package.

Everything goes to ``bench/build``, which is not kept under version control.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"


def build_load() -> Path:
    """Compiles ``load.c``."""
    BUILD.mkdir(exist_ok=True)
    target = BUILD / "load"
    subprocess.run(["cc", "-O2", "-Wall", "-o", str(target), str(HERE / "load.c")], check=True)
    return target


def install_ws() -> Path:
    """Installs ``ws`` beside a copy of the Node server, and gives the server's path."""
    folder = BUILD / "node"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / "ws").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "ws@8"], cwd=folder, check=True)
    return Path(shutil.copy(HERE / "receive_ws.mjs", folder))


@contextmanager
def running(command: Sequence[str]) -> Iterator[IO[str]]:
    """Runs a process for a while; gives what it prints."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.kill()
