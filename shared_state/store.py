"""The store port: what a world needs from Redis, Valkey or memory, with the guarantees it may rely on.

Guarantees of every implementation (the contract suite checks them):

* Calls on one world take effect one at a time, in an order that respects real time.
* ``commit`` is all or nothing per transaction, publishes its delta as part of the same atomic step, and answers a
  resent batch with the first answer.
* A subscriber is told of every delta in version order, unless its link breaks or the transport loses one; after every
  (re)subscription ``on_subscribed`` is called before any delta of the new link.
* A ``commit`` that answers has had all deltas of *earlier* versions delivered to this client's subscribers (its own
  may arrive just before or just after the answer).
* A cancelled call may or may not take effect; it never disturbs another call.
* Errors: StoreUnavailable (effect unknown, try again with the same bytes), EpochChanged, UnknownIncarnation,
  IncompatibleWorld, WorldGone, StoreError (refused, no effect).
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs

from shared_state.batch import Batch, CommitReply
from shared_state.delta import Delta
from shared_state.entity import Tag
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.position import Head

FORMAT = 2
"""Version of the stored format; another one is refused."""
WRITERS_KEPT = 500
WRITERS_MOST = 2 * WRITERS_KEPT
"""Writers whose last answer a world remembers. One more, and only those that committed last are kept: the others have
to attach anew before they commit again."""
LEASES_MOST = 1000
"""Rows of leases in a world, about: a writer that attaches when there are more has those removed that ran out."""
SALT_DIGITS = 16
"""Of a lease's token: what no clock and no lost row can repeat."""
GONE_KEPT_S = 3600
"""How long a deleted world is remembered, so that nodes that have it open close it; whoever opens it anew may."""


@attrs.frozen
class IdBlock:
    """Entity ids from ``first`` up to, not including, ``end``: given to one writer only."""

    first: int
    end: int


@attrs.frozen
class Attachment:
    """A writer's place in a world: where the world stands, the writer's number, its first entity ids."""

    head: Head
    incarnation: int
    ids: IdBlock


@attrs.frozen
class Snapshot:
    """A world at one version: stored entities (tag and blob) by id, and the tags of its cells.

    A large world is read in pages while it changes. Then ``log`` holds every delta from before the first page up to
    ``head``, and entities and cells may each be as they were at any version in between, no cell older than an entity;
    ``Replica.load`` makes one version of it. Without a log, they are as of ``head``.
    """

    head: Head
    state: dict[int, bytes]
    cells: dict[int, Tag]
    log: tuple[Delta, ...] = ()


@attrs.frozen
class LeaseGrant:
    """A held lease; it ends ``ttl_s`` later on the store's clock.

    Args:
        token: never given twice; commits check that it is the one that was given last. It is above that of every
            earlier holder, unless the store lost the lease and its clock went back as well.
    """

    name: LeaseName
    owner: str
    token: int
    ttl_s: float


@attrs.frozen
class ServerInfo:
    """What answers: ``kind`` is valkey, redis or memory; ``cpu_s`` the processor time it has used, all threads."""

    kind: str
    version: str
    cpu_s: float


class DeltaListener(Protocol):
    """Takes what a subscription brings; called synchronously, must not raise or block."""

    def on_delta(self, payload: bytes) -> None:
        """A published delta, still encoded."""

    def on_subscribed(self) -> None:
        """The subscription is live, or live again: deltas before this moment may have been missed."""


class Store(Protocol):
    """The port. All methods raise the errors of the module docstring."""

    async def attach(self, world: WorldName, schema: str, ids: int, *, again: bool = False) -> Attachment:
        """Makes the world if it is new, and the caller a writer of it with ``ids`` entity ids.

        Args:
            schema: the fingerprint of the writer's schema; must be the world's.
            again: the caller was a writer of it before. A world that was deleted since is not made anew by it.

        Raises:
            WorldGone: it was deleted.
        """

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """Applies a batch atomically. Source: redis/lua/commit_whole.lua and commit_each.lua."""

    async def snapshot(self, world: WorldName) -> Snapshot:
        """All entities at one version.

        Raises:
            StoreError: also when the world changes faster than it can be read.
            WorldGone: it was deleted.
        """

    async def log_after(self, world: WorldName, version: int, limit: int) -> list[bytes]:
        """Logged deltas after ``version``, oldest first, at most ``limit``; empty or starting later when trimmed."""

    async def head(self, world: WorldName) -> Head:
        """Where the world stands; epoch empty when it does not exist. Raises: WorldGone, when it was deleted."""

    async def renew_epoch(self, world: WorldName, head: Head) -> Head:
        """Puts the world into a new epoch, keeping all but its log, if it stands at ``head``; for lost history.

        Args:
            head: what the caller found in the store, and found wanting.

        Returns: the head after, whoever renewed; still in the epoch of ``head`` when the world had moved on.
        """

    async def reserve_ids(self, world: WorldName, epoch: str, count: int) -> IdBlock:
        """Entity ids that no one else gets in this epoch."""

    async def session_rows(self, world: WorldName) -> dict[SessionId, bytes]:
        """The stored rows of all sessions, each as of some moment of the call; who is there throughout is not missed.

        Raises:
            StoreError: also when the server changed while it was read, again and again.
        """

    async def session_row(self, world: WorldName, session: SessionId) -> bytes:
        """The stored row of a session; empty when there is none."""

    async def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_s: float) -> LeaseGrant | None:
        """The lease, if it is free, expired, or the owner's own; else None. Raises: ValueError, for ttl_s <= 0."""

    async def renew_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Extends a lease that is still held under the grant's token; False: it is lost."""

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Frees a lease that is still held under the grant's token; False: it was lost before."""

    async def delete_world(self, world: WorldName) -> None:
        """Deletes all that is stored of a world, in one step.

        Nodes that have it open find WorldGone; what they still send has no effect. Calling again does no harm.
        """

    def subscribe(self, world: WorldName, listener: DeltaListener) -> AbstractAsyncContextManager[None]:
        """Brings deltas to the listener while the context is open; entered once the subscription is live."""

    async def info(self) -> ServerInfo:
        """What answers, and the processor time it has used."""
