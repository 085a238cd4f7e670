"""A player of these benchmarks: a session that moves a thing of its own, command by command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import trio

from bench.commit.things import Thing, move
from shared_state.entity import EntityId
from shared_state.job import Job, SessionWriter, advance_to, open_row
from shared_state.outcome import Committed, Outcome
from shared_state.transaction import Transaction
from shared_state.world import World

TAIL = b"\x94\x01\xa1n\x00\xc4\x00"


@attrs.define(eq=False)
class Player:
    """A session and its thing."""

    world: World
    writer: SessionWriter
    thing: EntityId = EntityId(0)
    seq: int = 0

    async def enter(self) -> None:
        """Opens the session and makes the thing."""

        def make(tx: Transaction) -> None:
            self.thing = tx.create(Thing(0, 0, "own"))

        outcome = await self._settled(partial(Job, make, step=open_row, tail=TAIL, opens=True))
        assert isinstance(outcome, Committed), outcome

    async def move(self) -> Outcome:
        """The next command."""
        self.seq += 1
        return await self._settled(partial(Job, partial(move, self.thing), step=advance_to(self.seq), seq=self.seq))

    async def _settled(self, job: Callable[..., Job]) -> Outcome:
        done, told = trio.Event(), list[Outcome]()

        def settle(outcome: Outcome) -> None:
            told.append(outcome)
            done.set()

        self.world.submit(job(settle=settle, session=self.writer))
        await done.wait()
        return told[0]
