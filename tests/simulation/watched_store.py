"""The store of a simulated cluster: the executable specification, watched by an eye that does not trust it.

It keeps every delta that was ever published, also what a rollback lost and a trimmed log forgot, and books of its own
on leases and rows: a write under a lease that is not held is a breach, whatever the model says.
``blunder`` takes a check out of the model, for those who test the test.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from shared_state.batch import COMMITTED, Batch, CommitReply
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.store import LeaseGrant
from shared_state.store_model import Lease, ModelStore, ModelWorld
from tests.simulation.books import Hold, LeaseBook, Row, RowBook

Blunder = Callable[[ModelWorld, Batch], Batch]


@attrs.frozen
class Dump:
    """The store as it was: what a restart finds on the disk."""

    worlds: dict[WorldName, ModelWorld]
    leases: dict[tuple[WorldName, LeaseName], Lease]
    highest: dict[WorldName, int]
    holds: dict[str, Hold]
    rows: dict[SessionId, Row]
    published: int


@attrs.define(eq=False)
class WatchedStore(ModelStore):
    """A model store with a memory. ``history`` is what stands, ``lost`` what rollbacks took away."""

    blunder: Blunder | None = None
    history: list[bytes] = attrs.field(factory=list)
    lost: list[bytes] = attrs.field(factory=list)
    lease_book: LeaseBook = attrs.field(factory=LeaseBook)
    row_book: RowBook = attrs.field(factory=RowBook)

    @property
    def breaches(self) -> list[str]:
        """What the books do not allow."""
        return self.lease_book.breaches

    def commit(self, name: WorldName, batch: Batch) -> tuple[CommitReply, bytes | None]:
        """See ``ModelStore.commit``; notes what it published, under which leases, and what it did to rows."""
        world = self.worlds.get(name)
        judged = batch if self.blunder is None or world is None else self.blunder(world, batch)
        reply, delta = super().commit(name, judged)
        if delta is not None:
            self.history.append(delta)
            self._watch(batch, reply)
            self.row_book.compare(self.worlds[name].sessions, trio.current_time())
        return reply, delta

    def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_us: int) -> int | None:
        """See ``ModelStore.take_lease``."""
        token = super().take_lease(world, name, owner, ttl_us)
        if token is not None:
            self.lease_book.took(name, Hold(owner, token, self.now_us() + ttl_us), self.now_us())
        return token

    def renew_lease(self, world: WorldName, grant: LeaseGrant, ttl_us: int) -> bool:
        """See ``ModelStore.renew_lease``."""
        renewed = super().renew_lease(world, grant, ttl_us)
        if renewed:
            self.lease_book.used("renewed", grant, self.now_us() + ttl_us, self.now_us())
        return renewed

    def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``ModelStore.release_lease``."""
        released = super().release_lease(world, grant)
        if released:
            self.lease_book.used("released", grant, 0, self.now_us())
        return released

    def dump(self) -> Dump:
        """The store as it is now."""
        worlds = {name: _copied(world) for name, world in self.worlds.items()}
        holds, rows = dict(self.lease_book.holds), dict(self.row_book.rows)
        return Dump(worlds, dict(self.leases), dict(self.highest), holds, rows, len(self.history))

    def go_back(self, dump: Dump) -> None:
        """The store is restarted from a dump: what came after it is lost."""
        self.worlds = {name: _copied(world) for name, world in dump.worlds.items()}
        self.leases, self.highest = dict(dump.leases), dict(dump.highest)
        self.lease_book.holds, self.row_book.rows = dict(dump.holds), dict(dump.rows)
        self.lost += self.history[dump.published :]
        del self.history[dump.published :]

    def _watch(self, batch: Batch, reply: CommitReply) -> None:
        for op, code in zip(batch.txs, reply.codes, strict=True):
            if code != COMMITTED or not op.record:
                continue
            if not op.session and not op.guards:
                self.breaches.append("a timed rule wrote without a lease")
            guards = dict(zip(op.guards[::2], map(int, op.guards[1::2]), strict=True))
            self.lease_book.wrote(guards, self.now_us())


def _copied(world: ModelWorld) -> ModelWorld:
    return attrs.evolve(
        world,
        answers=dict(world.answers),
        state=dict(world.state),
        cells=dict(world.cells),
        sessions=dict(world.sessions),
        log=list(world.log),
    )
