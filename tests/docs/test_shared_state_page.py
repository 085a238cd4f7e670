"""docs/shared-state.md: its program runs and prints what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "shared-state.md"
DEADLINE_S = 60


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_program_of_the_page_prints_what_the_page_says(tmp_path: Path) -> None:
    """The Python blocks, put together, are a program; its output is the text block."""
    program = tmp_path / "bank.py"
    program.write_text("\n\n".join(_blocks("python")), encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.stderr == ""
    assert [done.stdout] == _blocks("text")
