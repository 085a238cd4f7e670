"""What an operator may set: bounds, and where settings come from."""

from __future__ import annotations

import math

import attrs
import pytest
from click.testing import CliRunner

from server.cli import main
from server.config import NodeConfig, WorldConfig

OUT_OF_BOUNDS = [
    ("flush_hz", 0.0),
    ("flush_hz", -20.0),
    ("flush_hz", math.nan),
    ("flush_hz", math.inf),
    ("commit_pause_s", -0.1),
    ("digest_every_s", math.nan),
    ("slow_limit_s", -1.0),
    ("join_limit_s", -1.0),
    ("linger_s", -1.0),
    ("log_length", 0),
]


def test_the_defaults_are_within_bounds() -> None:
    """A node runs without any setting."""
    config = NodeConfig()
    assert config.world == WorldConfig()
    assert config.world.commit_limits().log_length == config.world.log_length


@pytest.mark.parametrize(("name", "value"), OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_refused(name: str, value: float) -> None:
    """Nothing is ever divided by a rate of zero, and no wait is negative."""
    with pytest.raises(ValueError, match=name):
        attrs.evolve(WorldConfig(), **{name: value})


@pytest.mark.parametrize(("name", "value"), OUT_OF_BOUNDS)
def test_the_command_line_says_so_in_a_line(name: str, value: float) -> None:
    """Exit code 2, and no traceback."""
    option = f"--world-{name.replace('_', '-')}"
    result = CliRunner().invoke(main, ["serve", f"{option}={value}", "--bind", "nowhere"])
    assert result.exit_code == 2
    assert not isinstance(result.exception, ValueError)
    assert "Traceback" not in result.output
