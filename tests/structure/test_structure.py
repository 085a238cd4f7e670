"""The house style as far as a program can check it; exceptions stand here with their reasons."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "shared_state", "client_bot", "proof")
MAX_FILE_LINES, MAX_TEST_LINES, MEDIAN_FILE_LINES = 400, 500, 120
MAX_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 60, 6
BANNED_NAMES = {"utils", "helpers", "manager", "common", "misc", "util", "helper"}

LONG_FILES: dict[str, str] = {}
"""Files over the bound, each with its reason."""


def sources(*folders: str) -> list[Path]:
    """Sources of the project in the folders, those that others wrote and tools put into bench/build left out."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if ROOT / "bench" / "build" not in path.parents]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and body lines (docstring left out) of each function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_files_are_short() -> None:
    """No source file is over 400 lines, no test over 500, half are at most 120."""
    lengths = {path: len(path.read_text().splitlines()) for path in sources(*PACKAGES, "bench")}
    long = [str(p.relative_to(ROOT)) for p, n in lengths.items() if n > MAX_FILE_LINES]
    assert sorted(set(long) - set(LONG_FILES)) == []
    tests = {path: len(path.read_text().splitlines()) for path in sources("tests")}
    assert [str(path) for path, count in tests.items() if count > MAX_TEST_LINES] == []
    assert statistics.median(lengths.values()) <= MEDIAN_FILE_LINES


def test_functions_are_short() -> None:
    """No function is over 60 lines, half are at most 6."""
    sizes = {f"{path.relative_to(ROOT)}:{name}": size for path in sources(*PACKAGES) for name, size in functions(path)}
    assert [name for name, size in sizes.items() if size > MAX_FUNCTION_LINES] == []
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION_LINES


def test_modules_have_telling_names() -> None:
    """No module is called after nothing in particular."""
    assert [str(path) for path in sources(*PACKAGES) if BANNED_NAMES & {path.stem, path.parent.name}] == []


def test_everything_public_is_documented() -> None:
    """Modules, public classes and public functions have docstrings."""
    missing = [name for path in sources(*PACKAGES) for name in undocumented(path)]
    assert missing == []


def undocumented(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    where = str(path.relative_to(ROOT))
    if path.stat().st_size and not ast.get_docstring(tree):
        yield where
    for node in tree.body:
        named = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if named and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{where}:{node.name}"


def test_tests_say_what_they_show() -> None:
    """Every test has a docstring and can fail."""
    mute = [
        f"{path.name}:{node.name}" for path in sources("tests") for node in cases_of(path) if not says_and_checks(node)
    ]
    assert mute == []


def cases_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return [
        node
        for node in nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    ]


def says_and_checks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    checks = ("raises", "assert", "expect", "check", "verify", "run_state_machine")
    can_fail = any(
        isinstance(part, (ast.Assert, ast.Raise))
        or (isinstance(part, ast.Call) and any(word in ast.unparse(part.func) for word in checks))
        for part in ast.walk(node)
    )
    return bool(ast.get_docstring(node)) and can_fail


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_nothing_is_left_for_later(word: str) -> None:
    """No source has a note that something is unfinished."""
    here = Path(__file__)
    assert [
        str(path) for path in sources(*PACKAGES, "tests", "bench") if path != here and word in path.read_text()
    ] == []


def test_errors_are_caught_where_they_are_known() -> None:
    """No handler catches everything; the one boundary of a node is a context of its own."""
    broad = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception")
    ]
    assert broad == []
