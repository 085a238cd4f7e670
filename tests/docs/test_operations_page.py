"""docs/operations.md: what clients may take is what the code grants, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from server.config import NodeConfig
from tests.docs.pages import DOCS

TESTS = Path(__file__).parents[1]
ROW = re.compile(r"^\| (?!resource|---)(.*?) \| (.*?) \| .*? \| (.*?) \|$", re.MULTILINE)
SETTING = re.compile(r"([\d.,]+)?(?: (s|KiB|MiB))?(?:/s)?[^`|;(]*\(`([a-z]+_[a-z_]+)`")
UNITS = {"": 1, "s": 1, "KiB": 1024, "MiB": 1 << 20}


def table() -> list[tuple[str, str, str]]:
    """Resource, bound and tests of each row."""
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    return ROW.findall(page.partition("## What clients may take")[2].partition("\n## ")[0])


def default_of(setting: str) -> object:
    """What a setting, named as in its variable, is when nobody sets it."""
    group, _, name = setting.partition("_")
    return attrs.asdict(NodeConfig())[group][name]


def test_every_bound_has_its_test() -> None:
    """Each row names files that are there."""
    known = {path.stem for path in TESTS.rglob("test_*.py")}
    assert len(table()) > 30
    for resource, _, where in table():
        names = re.findall(r"`(test_\w+)`", where)
        assert names, resource
        assert set(names) <= known, resource


@pytest.mark.parametrize("row", table(), ids=lambda row: row[0][:30])
def test_settings_are_named_with_what_they_are(row: tuple[str, str, str]) -> None:
    """The number before a setting's name is its default, in its unit."""
    for number, unit, setting in SETTING.findall(row[1]):
        default = default_of(setting)
        assert not number or float(number.replace(",", "")) * UNITS[unit] == default, setting
