"""docs/testing.md: each test that the table of field cases names is there, and names the case."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing.md"
ROW = re.compile(r"^\| (S\d\d) \|.*?\| (.*?) \|$", re.MULTILINE)
NAMED = re.compile(r"`((?:tests|docs)/[\w/.-]+)`")


def test_every_test_of_a_case_names_it() -> None:
    """A row names files that are there; each says the case, so that whoever changes it knows what hangs on it."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(rows) > 15
    for case, where in rows:
        names = NAMED.findall(where)
        assert names, f"{case} has no test"
        for name in names:
            assert case in (ROOT / name).read_text(encoding="utf-8"), f"{name} does not name {case}"
