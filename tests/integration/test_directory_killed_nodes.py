"""S24 with processes: nodes are killed with reservations and seats in their hands, and every seat comes back."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import attrs
import pytest
import trio

from shared_state.directory import Directory
from shared_state.directory_entry import Full, Reservation, WorldSpec
from shared_state.directory_names import world_kind
from shared_state.embedded import embedded_store
from shared_state.names import WorldName, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.servers import server_binary

pytestmark = pytest.mark.integration

QUAY = world_name("quay")
SEATS, NODES, PLAYERS_PER_NODE = 100, 4, 100
TTL_S = 2.0


@attrs.define(eq=False)
class Node:
    """A process, and the players that it seated."""

    process: trio.Process
    seated: list[str] = attrs.field(factory=list)

    async def hear(self) -> None:
        """Waits until it has let its players in."""
        assert self.process.stdout is not None
        said = b""
        while not (found := re.search(rb"seated:(.*)\n", said)):
            said += await self.process.stdout.receive_some()
        self.seated = found[1].decode().split()


@asynccontextmanager
async def running_nodes(url: str) -> AsyncIterator[list[Node]]:
    """Four processes that storm the world; killed at the end."""
    async with trio.open_nursery() as nursery:
        nodes = []
        for number in range(NODES):
            arguments = [url, QUAY, f"node-{number}", str(PLAYERS_PER_NODE), str(TTL_S)]
            command = [sys.executable, "-m", "tests.integration.directory_node", *arguments]
            run = partial(trio.run_process, command, stdout=subprocess.PIPE, check=False)
            nodes.append(Node(await nursery.start(run)))
        yield nodes
        nursery.cancel_scope.cancel()


async def used(directory: Directory, world: WorldName) -> int:
    """Seats held."""
    entry = await directory.get(world)
    assert entry is not None
    assert entry.used <= entry.seats
    return entry.used


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(60)
async def test_seats_of_killed_nodes_come_back(kind: str) -> None:
    """Four hundred players of four nodes want a hundred seats; two nodes are killed; then all hundred are reachable."""
    async with embedded_store(binary=server_binary(kind)) as server, open_store(server.url) as store:
        directory = RedisDirectory(store.topology)
        await directory.create(WorldSpec(world_kind("bay"), SEATS), QUAY)
        async with running_nodes(server.url) as nodes:
            for node in nodes:
                await node.hear()
            await trio.sleep(TTL_S + 0.1)
            seated = [len(node.seated) for node in nodes]
            assert 0 < sum(seated) <= SEATS
            assert await used(directory, QUAY) == sum(seated)
            assert len(await directory.nodes()) == NODES
            for node in nodes[:2]:
                node.process.kill()
            await trio.sleep(TTL_S + 0.1)
            living = sum(seated[2:])
            assert await used(directory, QUAY) == living
            assert [entry.name for entry in await directory.nodes()] == ["node-2", "node-3"]
            assert isinstance(await directory.reserve(QUAY, TTL_S, SEATS - living), Reservation)
            assert await directory.reserve(QUAY, TTL_S) == Full(QUAY, 0)
