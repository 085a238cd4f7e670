"""docs/testing.md: the table of field cases has them all, and each test that it names says so in its own words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ROW = re.compile(r"^\| (S\d\d) \|.*?\| (.*?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)`")
DECISION = re.compile(r"\]\((decisions/[\w.-]+\.md)\)")
CASES = [f"S{number:02}" for number in range(1, 36)]


def rows() -> dict[str, str]:
    """Where each case is tested or decided, by case."""
    found = ROW.findall((DOCS / "testing.md").read_text(encoding="utf-8"))
    assert len(dict(found)) == len(found)
    return dict(found)


def docstrings(path: Path) -> list[str]:
    """Of a module, and of what is in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]


def test_every_case_has_its_test() -> None:
    """All thirty-five, in order, each with a test at least."""
    assert list(rows()) == CASES
    assert [case for case, where in rows().items() if not TEST.findall(where)] == []


def test_every_test_of_a_case_names_it() -> None:
    """In a docstring, so that whoever changes it knows what hangs on it; decisions that are named are there."""
    for case, where in rows().items():
        silent = [name for name in TEST.findall(where) if not any(case in text for text in docstrings(ROOT / name))]
        assert silent == [], case
        assert all((DOCS / page).exists() for page in DECISION.findall(where))
