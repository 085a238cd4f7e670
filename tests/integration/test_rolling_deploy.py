"""Nodes of two versions on one store (S32): neither breaks the other; what cannot go together is refused clearly."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

import shared_state
from server.wire import close_codes
from shared_state.embedded import embedded_store
from shared_state.redis.keys import world_keys
from shared_state.redis.scripts import COMMIT_EACH, COMMIT_WHOLE
from shared_state.redis.store import open_store
from shared_state.replica import Replica
from shared_state.world import open_world
from tests.contract.deadline import within
from tests.contract.servers import server_binary
from tests.integration.deploy_writer import BAY, BOAT, clock_ms
from tests.integration.player import enter, knock
from tests.integration.store_faults import faulty_node
from tests.integration.test_link_calls import running_link
from tests.unit.shared_state.small_world import SCHEMA, Boat, put_boat

pytestmark = pytest.mark.integration

ROOT = Path(shared_state.__file__).parents[1]
COUNT = 100


def next_version(home: Path) -> Path:
    """A version whose scripts differ in a comment. Returns: the directory to put on the path."""
    shutil.copytree(ROOT / "shared_state", home / "shared_state", ignore=shutil.ignore_patterns("__pycache__"))
    for script in (home / "shared_state" / "redis" / "lua").glob("*.lua"):
        script.write_text(script.read_text() + "\n-- of the next version\n")
    return home


async def run_writer(url: str, path: Path, said: list[dict[str, Any]]) -> None:
    """One node of a version, until it has written all."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (path, ROOT)))}
    command = [sys.executable, "-P", "-m", "tests.integration.deploy_writer", url, str(COUNT)]
    done = await trio.run_process(command, capture_stdout=True, env=env)
    said.append(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(60)
async def test_two_versions_write_one_world_side_by_side(kind: str, tmp_path: Path) -> None:
    """Each runs its own scripts, by their content; every transaction counts, nobody resynchronises."""
    said: list[dict[str, Any]] = []
    async with embedded_store(binary=server_binary(kind)) as server, open_store(server.url) as store:
        async with open_world(store, BAY, SCHEMA, clock_ms) as world:
            await world.transact(put_boat())
            assert list(world.replica.entities) == [BOAT]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_writer, server.url, ROOT, said)
            nursery.start_soon(run_writer, server.url, next_version(tmp_path), said)
        replica = Replica(SCHEMA)
        replica.load(await store.snapshot(BAY))
        digests = {digest for one in said for digest in one["digests"]}
        async with running_link(server.url) as link:
            known = await link.call("SCRIPT", "EXISTS", *digests)
    assert replica.read(BOAT)[1] == Boat(gold=COUNT, x=COUNT, y=2)
    assert [(one["done"], one["snapshots"], one["gaps"], one["undecodable"]) for one in said] == [(COUNT, 1, 0, 0)] * 2
    assert len(digests | {COMMIT_EACH.digest, COMMIT_WHOLE.digest}) == 4
    assert known == [1] * 4


@within(60)
async def test_a_world_of_a_later_format_is_refused_clearly(tmp_path: Path) -> None:
    """Its players are told why; other worlds of the node go on; nothing of it is changed."""
    async with faulty_node("valkey", tmp_path) as node:
        elsewhere = await enter(node.port, "sea")
        meta = world_keys(BAY).meta
        await node.admin.call("HSET", meta, "format", "99", "schema", "of later", "epoch", "e", "version", "7")
        before = await node.admin.call("DUMP", meta)
        newcomer = await knock(node.port)
        opcode, payload = await newcomer.peer.read_frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (8, close_codes.STORE_AWAY)
        assert b"world bay has format 99, this is format" in payload
        assert (await elsewhere.do("sail", dx=1.0)).code == ""
        assert await node.admin.call("DUMP", meta) == before
