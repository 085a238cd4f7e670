"""A lease's holder that is stopped for twice its time to live changes nothing afterwards (S11). Real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial

import pytest
import trio

from shared_state.embedded import embedded_store
from shared_state.lease import LeaseKeeper
from shared_state.redis.store import open_store
from shared_state.replica import Replica
from shared_state.world import open_world
from tests.contract.deadline import within
from tests.contract.servers import server_binary
from tests.integration.lease_node import BAY, WRECK, clock_ms, write_under
from tests.unit.shared_state.small_world import SCHEMA, Note

pytestmark = pytest.mark.integration

TTL_S = 1.0


async def heard(process: trio.Process) -> str:
    """What a process says next, beside its log."""
    assert process.stdout is not None
    said = b""
    while not (lines := [line for line in said.splitlines(keepends=True) if line[:4] in (b"held", b"leas", b"Comm")]):
        said += await process.stdout.receive_some()
    assert lines[-1].endswith(b"\n")
    return lines[-1].decode().strip()


async def tell(process: trio.Process) -> None:
    """Has it write."""
    assert process.stdin is not None
    await process.stdin.send_all(b"write\n")


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(60)
async def test_a_holder_that_was_stopped_is_refused_and_told(kind: str) -> None:
    """Another took the lease meanwhile: the late write is refused in the commit, and its lease is not released."""
    async with (
        embedded_store(binary=server_binary(kind)) as server,
        open_store(server.url) as store,
        open_world(store, BAY, SCHEMA, clock_ms) as world,
        trio.open_nursery() as nursery,
    ):
        command = [sys.executable, "-m", "tests.integration.lease_node", server.url, str(TTL_S)]
        run = partial(trio.run_process, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(run)
        assert await heard(process) == "held"
        process.send_signal(signal.SIGSTOP)
        successor = LeaseKeeper(store, BAY, WRECK, "successor", TTL_S)
        nursery.start_soon(successor.run)
        await trio.sleep(TTL_S * 2)
        grant = await successor.until_held(TTL_S)
        assert grant is not None
        assert await write_under(world, grant, "successor") == "Committed"
        await tell(process)
        process.send_signal(signal.SIGCONT)
        assert await heard(process) == "lease_lost lost"
        await trio.sleep(TTL_S)
        assert successor.grant == grant
        assert await write_under(world, grant, "successor") == "Committed"
        replica = Replica(SCHEMA)
        replica.load(await store.snapshot(BAY))
        assert [entity.value for entity in replica.entities.values()] == [Note("successor")] * 2
        nursery.cancel_scope.cancel()


@within(60)
async def test_a_holder_that_was_not_stopped_writes() -> None:
    """The same process, left alone: so the refusal above is the lease's."""
    async with embedded_store() as server, trio.open_nursery() as nursery:
        command = [sys.executable, "-m", "tests.integration.lease_node", server.url, str(TTL_S)]
        run = partial(trio.run_process, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
        process: trio.Process = await nursery.start(run)
        assert await heard(process) == "held"
        await trio.sleep(TTL_S * 2)
        await tell(process)
        assert await heard(process) == "Committed kept"
        nursery.cancel_scope.cancel()
