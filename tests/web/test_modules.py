"""The browser's modules, run by Node.js."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.web.nodejs import NODE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_modules_under_node() -> None:
    """``node --test`` passes on all of them."""
    tests = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    done = subprocess.run([NODE, "--test", *tests], capture_output=True, text=True, timeout=120, check=False)
    assert tests
    assert done.returncode == 0, done.stdout[-4000:]


def test_vectors_are_current() -> None:
    """``vectors.json`` is what ``server.wire`` makes today."""
    command = [sys.executable, "-m", "tests.web.make_vectors", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
