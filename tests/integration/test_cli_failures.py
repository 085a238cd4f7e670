"""What an operator gets wrong is one clear line and exit code 2, within a bounded time, and never a traceback."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from functools import partial

import pytest
import trio
from click.testing import CliRunner

from server.cli import main
from tests.integration.families import OARLOCK, Family

pytestmark = pytest.mark.integration

DEADLINE_S = 20.0
NO_STORE = ["--store", "redis://127.0.0.1:1"]
SERVE = ["serve", "--bind", "127.0.0.1:0"]
UP = ["up", "--port", "0", "--bots", "1", "--for", "1"]
MISTAKES = {
    "unknown game": ([*SERVE, "--game", "no_such_module:game"], "No module named 'no_such_module'"),
    "unknown game, whole cluster": ([*UP, "--game", "no_such_game"], "no_such_game"),
    "address without port": (["serve", "--bind", "localhost"], "not HOST:PORT"),
    "unknown host, whole cluster": ([*UP, "--host", "no-such-host.invalid"], "cannot listen on no-such-host.invalid"),
    "bad world": ([*UP, "--world", "a:b{c}*"], "world"),
    "store that is not there": ([*SERVE, *NO_STORE], "no connection to 127.0.0.1:1"),
    "proxies that are no network": ([*SERVE, "--clients-proxies", "10.0.0.0/99"], "10.0.0.0/99"),
    "store URL that is none": ([*SERVE, "--store", "http://127.0.0.1"], "store URL"),
    "Sentinels without a name": ([*SERVE, "--store", "redis+sentinel://127.0.0.1:1"], "name that the Sentinels have"),
    "Sentinels that are not there": ([*SERVE, "--store", "redis+sentinel://127.0.0.1:1/bay"], "some do not answer"),
    "cluster that is not there": ([*SERVE, "--store", "redis+cluster://127.0.0.1:1"], "no node of the cluster"),
    "CA that is not there": ([*SERVE, "--store", "rediss://h?ssl_ca_certs=/nowhere"], "CA file /nowhere"),
    "durability that is none": ([*SERVE, "--durability", "tape"], "it has to be memory, replica"),
    "fault that is none": (["stress", "--faults", "node-melt"], "no fault 'node-melt'"),
    "store program that is none": (["stress", "--store-binary", "/nowhere/redis"], "/nowhere/redis cannot be run"),
    "password that breaks the URL": ([*SERVE, "--store", "redis://:a/b@127.0.0.1"], "in a password"),
}


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


async def verify_refused(arguments: Sequence[str], says: str) -> None:
    """Runs a command that must fail: exit code 2, and one line that says why."""
    family = Family()
    with trio.fail_after(DEADLINE_S):
        done = await trio.run_process(
            [*OARLOCK, *arguments], capture_stdout=True, capture_stderr=True, check=False, env=family.env
        )
    errors = done.stderr.decode()
    reasons = [line for line in errors.splitlines() if line.startswith(("oarlock: ", "Error: "))]
    assert done.returncode == 2, errors
    assert len(reasons) == 1, errors
    assert says in reasons[0]
    assert errors.splitlines()[-1] == reasons[0]
    assert "Traceback" not in errors + done.stdout.decode()
    assert await family.gone(5) == {}


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_is_one_line(mistake: str) -> None:
    """Whatever it is, the line names it."""
    await verify_refused(*MISTAKES[mistake])


@pytest.mark.parametrize("command", ["serve", "up"])
async def test_a_port_in_use_is_named(command: str, taken_port: int) -> None:
    """For a node and for a whole cluster, before anything is started."""
    address = ["--bind", f"127.0.0.1:{taken_port}"] if command == "serve" else ["--port", str(taken_port)]
    await verify_refused([command, *address], f"127.0.0.1:{taken_port}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["swim"],
        ["serve", "--colour", "red"],
        ["serve", "--world-flush-hz", "fast"],
        ["serve", "--world-flush-hz", "0"],
        ["up", "--nodes", "99"],
        ["up", "--port", "70000"],
        ["up", "--for", "soon"],
        ["up", "--rate", "0"],
    ],
)
def test_a_value_that_cannot_be_is_refused_at_once(arguments: list[str]) -> None:
    """Before anything runs, with a pointer to the help."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Error: " in result.output
    assert "--help" in result.output


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OARLOCK_WORLD_FLUSH_HZ", "fast"),
        ("OARLOCK_WORLD_LOG_LENGTH", "1.5"),
        ("OARLOCK_LOG_JSON", "maybe"),
        ("OARLOCK_CLIENTS_CONNECTIONS", "many"),
    ],
)
async def test_a_variable_that_cannot_be_read_is_named(variable: str, value: str) -> None:
    """Only the command that needs it is refused."""
    with trio.fail_after(DEADLINE_S):
        run = partial(trio.run_process, capture_stdout=True, capture_stderr=True, check=False)
        env = {**os.environ, variable: value}
        refused = await run([*OARLOCK, "serve", "--bind", "127.0.0.1:0"], env=env)
        other = await run([*OARLOCK, "bots", "--help"], env=env)
    assert refused.returncode == 2
    assert refused.stderr.decode() == f"oarlock: {variable} (or a settings file) cannot be {value!r}\n"
    assert other.returncode == 0


@pytest.mark.parametrize("command", ["serve", "up", "bots"])
def test_help_needs_nothing(command: str) -> None:
    """Every command explains itself without a store."""
    result = CliRunner().invoke(main, [command, "--help"])
    assert (result.exit_code, result.output.startswith("Usage: ")) == (0, True)
