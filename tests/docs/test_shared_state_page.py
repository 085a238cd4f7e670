"""docs/shared-state.md: its program runs and prints what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.pages import blocks, program

DEADLINE_S = 60


def test_the_program_of_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    """The Python blocks, put together, are a program; its output is the text block."""
    bank = tmp_path / "bank.py"
    bank.write_text(program("shared-state.md"), encoding="utf-8")
    done = subprocess.run([sys.executable, bank], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.stderr == ""
    assert [done.stdout] == blocks("shared-state.md", "text")
