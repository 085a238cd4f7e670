"""A large sea that goes on changing while it is read: writers of a real store, and a link that lets them in between."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import attrs

from shared_state.batch import COMMITTED, CONFLICT
from shared_state.delta import decode_delta
from shared_state.entity import Tag, TagMaker
from shared_state.flight import Boarding, assemble
from shared_state.names import WorldName
from shared_state.overlay import Overlay
from shared_state.redis.link import Link
from shared_state.redis.store import RedisStore
from shared_state.replica import Replica
from shared_state.store import Store
from shared_state.transaction import IdSource, Transaction
from tests.unit.shared_state.small_world import NOW_MS, SCHEMA, Boat, Note, Rule, job

IDS = 4000


@attrs.define(eq=False)
class Sailor:
    """A writer that knows the whole world and waits for each of its batches."""

    store: Store
    world: WorldName
    rng: random.Random
    replica: Replica
    ids: IdSource
    incarnation: int
    tags: TagMaker
    log_length: int = 100_000
    number: int = 0

    @classmethod
    async def attach(cls, store: Store, world: WorldName, rng: random.Random) -> Sailor:
        """A new writer of a world."""
        attachment = await store.attach(world, SCHEMA.fingerprint, IDS)
        replica = Replica(SCHEMA)
        replica.load(await store.snapshot(world))
        ids = IdSource()
        ids.refill(attachment.ids.first, attachment.ids.end)
        return cls(store, world, rng, replica, ids, attachment.incarnation, TagMaker(attachment.incarnation))

    async def fill(self, boats: int) -> None:
        """A boat in each of as many cells."""
        await self.run(*(self.launch(float(10 * number)) for number in range(boats)))

    async def run(self, *rules: Rule) -> None:
        """One batch, and all that others have committed by now."""
        await self.catch_up()
        flight = Boarding(Overlay(self.replica), self.tags, self.ids, NOW_MS, 1 << 24).board([job(r) for r in rules])
        batch = assemble(flight, self.incarnation, self.number + 1, self.replica.epoch, self.log_length)
        reply = await self.store.commit(self.world, batch)
        self.number += 1
        assert set(reply.codes) <= {COMMITTED, CONFLICT}
        await self.catch_up()

    async def catch_up(self) -> None:
        """Applies what is new in the log."""
        for payload in await self.store.log_after(self.world, self.replica.version, 1000):
            self.replica.apply(decode_delta(payload))

    async def act(self) -> None:
        """A few changes of any kind, in one version."""
        await self.run(*(self.anything for _ in range(self.rng.randrange(1, 5))))

    def launch(self, x: float) -> Rule:
        """A rule that makes a boat."""

        def rule(tx: Transaction) -> None:
            tx.create(Boat(0, x, 1))

        return rule

    def anything(self, tx: Transaction) -> None:
        """Makes, moves, fills or sinks a boat, mostly one of the first few, which so changes again and again."""
        boats = sorted(id_ for id_, entity in self.replica.entities.items() if isinstance(entity.value, Boat))
        boat = boats[self.rng.randrange(self.rng.choice((8, len(boats))))]
        value = tx.get(boat, Boat)
        action = self.rng.randrange(8)
        if value is None or action == 0:
            tx.create(Boat(0, self.rng.choice((5.0, 15.0, 3000.0)), 1))
        elif action == 1:
            tx.delete(boat)
        elif action == 2:
            tx.add(boat, Boat, "gold", 1, 0, 1000)
        elif action == 3:
            tx.create(Note("x"))
        else:
            tx.patch(boat, x=self.rng.choice((5.0, 15.0, 25.0, value.x + 10)))


@attrs.define(eq=False)
class BusyLink:
    """A link on which something happens before each call. ``calls``: how many there were."""

    link: Link
    before_call: Callable[[int], Awaitable[None]]
    calls: int = 0
    reconnected: int = 0

    @property
    def connections(self) -> int:
        """As of the link, and those that the test adds."""
        return self.link.connections + self.reconnected

    async def call(self, *args: str | bytes | int | float) -> Any:
        """See ``Link.call``."""
        await self.before_call(self.calls)
        self.calls += 1
        return await self.link.call(*args)


@attrs.frozen(eq=False)
class BusyServer:
    """A topology of one busy link."""

    link: BusyLink

    def link_for(self, world: WorldName) -> BusyLink:
        """The only link."""
        return self.link

    def links(self) -> Iterable[BusyLink]:
        """The only link."""
        return (self.link,)


def busy(store: RedisStore, world: WorldName, before_call: Callable[[int], Awaitable[None]]) -> BusyLink:
    """A link of a store's for use in a ``BusyServer``."""
    return BusyLink(store.topology.link_for(world), before_call)


def contents(replica: Replica) -> tuple[object, ...]:
    """All that two replicas of one version have in common."""
    entities = {id_: (entity.tag, entity.value, entity.cell) for id_, entity in replica.entities.items()}
    members = {cell: set(here) for cell, here in replica.cells.items() if here}
    tags: dict[int, Tag] = dict(replica.cell_tags)
    return replica.epoch, replica.version, replica.stamp, entities, members, tags
