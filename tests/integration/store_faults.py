"""Ways in which a real server stops taking writes, each begun and ended as an operator or a full disk would."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from server.app import run_node
from server.config import NodeConfig
from shared_state.embedded import embedded_store
from shared_state.names import world_name
from shared_state.redis.keys import world_keys
from shared_state.redis.link import Link
from tests.contract.servers import server_binary
from tests.integration.test_link_calls import running_link

BAY = world_name("bay")
GAME = "tests.unit.server.harbour:game"
OPTIONS = ("--enable-protected-configs", "yes", "--enable-debug-command", "yes")
AWAY = "damaged-was"


@attrs.frozen(eq=False)
class FaultyNode:
    """A node in this process, on a server of its own that ``admin`` may harm."""

    port: int
    url: str
    home: Path
    admin: Link

    async def dump(self) -> list[Any]:
        """What commits change, byte for byte; ``DUMP`` is answered whatever else is refused."""
        keys = world_keys(BAY)
        dumps = [await self.admin.call("DUMP", name) for name in (keys.state, keys.cells, keys.log, keys.sessions)]
        if await self.admin.call("TYPE", keys.meta) == b"hash":
            dumps += await self.admin.call("HMGET", keys.meta, "epoch", "version", "stamp")
        return dumps

    def key(self, part: str) -> str:
        """The name of a key of the world."""
        name: str = getattr(world_keys(BAY), part)
        return name


Step = Callable[[FaultyNode], Awaitable[None]]


@attrs.frozen
class Fault:
    """What an operator meets.

    Args:
        begin, end: bring it about, and repair it.
        refuses: the server answers a commit with a refusal, so that players are told busy; else their commands wait.
    """

    begin: Step
    end: Step
    refuses: bool = True


@asynccontextmanager
async def faulty_node(kind: str, home: Path) -> AsyncGenerator[FaultyNode, None]:
    """Runs while the context is open. The store's directory is ``home``."""
    async with embedded_store(binary=server_binary(kind), directory=home, options=OPTIONS) as server:
        config = NodeConfig(name="node1", bind="127.0.0.1:0", store=server.url, game=GAME)
        async with running_link(server.url) as admin, trio.open_nursery() as nursery:
            port = await nursery.start(run_node, config)
            yield FaultyNode(port, server.url, home, admin)
            nursery.cancel_scope.cancel()


async def _fill_memory(node: FaultyNode) -> None:
    await node.admin.call("CONFIG", "SET", "maxmemory", "1")


async def _free_memory(node: FaultyNode) -> None:
    await node.admin.call("CONFIG", "SET", "maxmemory", "0")


async def _break_disk(node: FaultyNode) -> None:
    """The directory of the dumps goes away, and a dump is wanted."""
    gone = node.home / "gone"
    gone.mkdir()
    await node.admin.call("CONFIG", "SET", "save", "900 1000000")
    await node.admin.call("CONFIG", "SET", "dir", str(gone))
    shutil.rmtree(gone)
    await node.admin.call("BGSAVE")
    await _until_saved(node, "err")


async def _mend_disk(node: FaultyNode) -> None:
    await node.admin.call("CONFIG", "SET", "dir", str(node.home))
    await node.admin.call("BGSAVE")
    await _until_saved(node, "ok")


async def _until_saved(node: FaultyNode, status: str) -> None:
    said = ""
    while f"rdb_last_bgsave_status:{status}" not in said or "rdb_bgsave_in_progress:0" not in said:
        info = await node.admin.call("INFO", "persistence")
        said = info.decode() if isinstance(info, bytes) else info
        await trio.sleep(0.02)


async def _demote(node: FaultyNode) -> None:
    """It becomes the replica of a primary that is not there: its data stay, its clients too."""
    await node.admin.call("CONFIG", "SET", "replica-serve-stale-data", "yes")
    await node.admin.call("REPLICAOF", "127.0.0.1", 1)


async def _promote(node: FaultyNode) -> None:
    await node.admin.call("REPLICAOF", "NO", "ONE")


def _damage(part: str) -> Fault:
    """A key of another type stands where one of the world's should be."""

    async def begin(node: FaultyNode) -> None:
        key = node.key(part)
        await node.admin.call("RENAME", key, AWAY)
        await node.admin.call("SET", key, "damaged")

    async def end(node: FaultyNode) -> None:
        await node.admin.call("RENAME", AWAY, node.key(part))

    return Fault(begin, end)


FAULTS = {
    "OOM": Fault(_fill_memory, _free_memory),
    "MISCONF": Fault(_break_disk, _mend_disk),
    "READONLY": Fault(_demote, _promote, refuses=False),
    **{f"WRONGTYPE {part}": _damage(part) for part in ("state", "cells", "log", "sessions", "meta")},
}
