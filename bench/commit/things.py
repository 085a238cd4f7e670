"""The world of these benchmarks: things that are moved about and counted up."""

from __future__ import annotations

from shared_state.entity import EntityId
from shared_state.names import WorldName
from shared_state.outcome import Committed
from shared_state.schema import Counter, Kind, Schema
from shared_state.store import LeaseGrant
from shared_state.transaction import Transaction
from shared_state.world import World

WORLD = WorldName("bench")
THINGS = 4096
_AT_ONCE = 512


class Thing(Kind, frozen=True):
    """What is changed."""

    gold: Counter
    x: int
    name: str


SCHEMA = Schema([Thing])


async def furnish(world: World) -> None:
    """Makes the things, whose ids are 1 to ``THINGS``."""
    for _ in range(THINGS // _AT_ONCE):
        assert isinstance(await world.transact(_make), Committed)


def _make(tx: Transaction) -> None:
    for _ in range(_AT_ONCE):
        tx.create(Thing(0, 0, "thing"))


def move(thing: EntityId, tx: Transaction, grant: LeaseGrant | None = None) -> None:
    """Reads where a thing is and moves it on, under a lease if there is one."""
    if grant is not None:
        tx.require(grant)
    found = tx.get(thing, Thing)
    assert found is not None
    tx.patch(thing, x=(found.x + 7) % 4000)


def add(thing: EntityId, tx: Transaction) -> None:
    """Counts a thing's gold up."""
    tx.add(thing, Thing, "gold", 1, 0, 1e15)
