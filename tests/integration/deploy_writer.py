"""One node of a rolling deploy, as a process: writes to a world that others write too, and says what became of it.

Run as ``python -P -m tests.integration.deploy_writer URL COUNT``, the version of ``shared_state`` meant first on
the path.
"""

from __future__ import annotations

import json
import sys
import time

import trio

from shared_state.entity import EntityId
from shared_state.names import world_name
from shared_state.outcome import Committed
from shared_state.redis import scripts
from shared_state.redis.store import open_store
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.unit.shared_state.small_world import SCHEMA, Boat

BAY = world_name("bay")
BOAT = EntityId(1)


def clock_ms() -> int:
    """The rules' clock."""
    return time.time_ns() // 1_000_000


def row(tx: Transaction) -> None:
    """Reads, decides, writes; and adds."""
    boat = tx.get(BOAT, Boat)
    assert boat is not None
    tx.patch(BOAT, x=boat.x + 1)


def pay(tx: Transaction) -> None:
    """Adds, in the store."""
    tx.add(BOAT, Boat, "gold", 1, 0, 1e9)


def board(tx: Transaction) -> None:
    """Says that another node is there."""
    boat = tx.get(BOAT, Boat)
    assert boat is not None
    tx.patch(BOAT, y=boat.y + 1)


async def write(world: World, count: int) -> int:
    """Writes when two nodes are there. Returns: how many transactions committed."""
    await world.transact(board)
    while world.replica.entities[BOAT].value.y < 2:  # type: ignore[attr-defined]  # noqa: ASYNC110 - it has no event
        await trio.sleep(0.01)
    done = 0
    for number in range(count):
        done += isinstance(await world.transact(pay if number % 2 else row), Committed)
    return done


async def main(url: str, count: int) -> None:
    """Writes, and prints one line of JSON."""
    async with open_store(url) as store, open_world(store, BAY, SCHEMA, clock_ms) as world:
        done = await write(world, count)
        counts = world.follower.counts
        digests = [scripts.COMMIT_WHOLE.digest, scripts.COMMIT_EACH.digest]
        said = {"done": done, "digests": digests, "snapshots": counts.snapshots, "gaps": counts.gaps}
        sys.stdout.write(json.dumps(said | {"undecodable": counts.undecodable}) + "\n")


if __name__ == "__main__":
    trio.run(main, sys.argv[1], int(sys.argv[2]))
