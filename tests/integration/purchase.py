"""A player's purchase, for tests of lost answers and killed nodes: it reads what was bought, and buys one more."""

from __future__ import annotations

import trio

from shared_state.entity import EntityId
from shared_state.job import Job, SessionWriter, advance_to
from shared_state.names import session_id
from shared_state.outcome import Outcome
from shared_state.transaction import Transaction
from shared_state.world import World
from tests.unit.shared_state.small_world import Boat

ANN = session_id("ann")
BOAT = EntityId(1)


def buy(tx: Transaction) -> None:
    """Reads what was bought, and buys one more."""
    boat = tx.get(BOAT, Boat)
    assert boat is not None
    tx.patch(BOAT, x=boat.x + 1)


def purchase(writer: SessionWriter, seq: int) -> Job:
    """One command."""
    return Job(buy, lambda outcome: None, writer, advance_to(seq), seq)


async def settled(world: World, jobs: list[Job]) -> list[Outcome]:
    """Submits jobs in their order and waits for all outcomes."""
    done, outcomes = trio.Event(), list[Outcome]()

    def settle(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) == len(jobs):
            done.set()

    for job in jobs:
        job.settle = settle
        world.submit(job)
    await done.wait()
    return outcomes
