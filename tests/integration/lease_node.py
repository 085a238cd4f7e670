"""A process that holds a lease and writes under it when it is told to, for tests that stop it.

``python -m tests.integration.lease_node URL TTL_S``: says ``held`` when it has the lease. For each line on its input it
tries to write under the grant that it first got, and says what became of that and of the lease.
"""

from __future__ import annotations

import sys
import time

import trio

from shared_state.lease import LeaseKeeper
from shared_state.names import lease_name, world_name
from shared_state.outcome import Rejected
from shared_state.redis.store import open_store
from shared_state.store import LeaseGrant
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.unit.shared_state.small_world import SCHEMA, Note

BAY = world_name("bay")
WRECK = lease_name("wreck")


def clock_ms() -> int:
    """The rules' clock."""
    return time.time_ns() // 1_000_000


async def write_under(world: World, grant: LeaseGrant, text: str) -> str:
    """Leaves a note under a lease. Returns: what became of it."""

    def note(tx: Transaction) -> None:
        tx.require(grant)
        tx.create(Note(text))

    outcome = await world.transact(note)
    return outcome.rejection.code if isinstance(outcome, Rejected) else type(outcome).__name__


def say(text: str) -> None:
    """Says it at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def main(url: str, ttl_s: float) -> None:
    """Holds, and writes when told."""
    async with open_store(url) as store, open_world(store, BAY, SCHEMA, clock_ms) as world:
        keeper = LeaseKeeper(store, BAY, WRECK, "stopped", ttl_s)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.run)
            grant = await keeper.until_held(60)
            assert grant is not None
            say("held")
            async for _ in trio.wrap_file(sys.stdin):
                became = await write_under(world, grant, "stopped")
                with trio.move_on_after(ttl_s):
                    await keeper.until_lost(grant)
                say(f"{became} {'lost' if keeper.grant != grant else 'kept'}")
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], float(sys.argv[2]))
