"""Names that become parts of store keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared_state.errors import BadName
from shared_state.names import lease_name, session_id, world_name

MAKERS = [world_name, lease_name, session_id]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("text", ["a", "bay-1", "x.y_z-0", "a" * 64])
def test_plain_names_pass(make: Callable[[str], str], text: str) -> None:
    """A name of allowed characters comes back as it is."""
    assert make(text) == text


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "text", ["", "a" * 65, "A", "a:b", "{a}", "a*", "a b", "a\n", "\n", "ä", "a\x00", "１", "../a/b", "a?", "[a]"]
)
def test_names_with_key_syntax_are_refused(make: Callable[[str], str], text: str) -> None:
    """Nothing that could reach into another key passes, a final newline included."""
    with pytest.raises(BadName):
        make(text)


def test_the_error_quotes_a_long_name_in_part() -> None:
    """A megabyte of name does not become a megabyte of log."""
    with pytest.raises(BadName) as caught:
        world_name("A" * 1_000_000)
    assert len(str(caught.value)) < 200
