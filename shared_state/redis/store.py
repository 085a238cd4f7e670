"""The store port on Redis or Valkey: each method is one command or script, and its reply made a value.

Must not know: sockets, reconnection, replicas. The scripts' headers describe what is sent and answered.
"""

from __future__ import annotations

import random
import secrets
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import trio

from shared_state.batch import COMMITTED, Batch, CommitReply
from shared_state.errors import EpochChanged, IncompatibleWorld, StoreError, UnknownIncarnation, WorldGone
from shared_state.logs import log
from shared_state.names import LeaseName, SessionId, WorldName
from shared_state.position import Head
from shared_state.redis import scripts
from shared_state.redis.claim import encode_claim
from shared_state.redis.cluster import Cluster
from shared_state.redis.durability import Durability, Level, check_durability
from shared_state.redis.heads import GONE, read_head
from shared_state.redis.keys import SESSION_TAIL, world_keys
from shared_state.redis.link import LinkTimes
from shared_state.redis.permissions import check_permissions
from shared_state.redis.scripts import Script
from shared_state.redis.server_info import check_fit, describe, parse_info
from shared_state.redis.session_pages import read_sessions
from shared_state.redis.snapshots import Paging, read_log, read_world
from shared_state.redis.steps import encode_steps
from shared_state.redis.store_url import read_store_url
from shared_state.redis.topology import Route, Topology, topology_of
from shared_state.session_row import unpack_head
from shared_state.store import (
    FORMAT,
    GONE_KEPT_S,
    LEASES_MOST,
    SALT_DIGITS,
    WRITERS_KEPT,
    WRITERS_MOST,
    Attachment,
    DeltaListener,
    IdBlock,
    LeaseGrant,
    ServerInfo,
    Snapshot,
)
from shared_state.ttl import ttl_us

DOUBT = b"DOUBT"


@asynccontextmanager
async def open_store(
    url: str,
    *,
    client_name: str = "oarlock",
    rng: random.Random | None = None,
    times: LinkTimes | None = None,
    durability: Durability = Durability(),  # noqa: B008 - it is a value
) -> AsyncGenerator[RedisStore, None]:
    """A store at a URL (redis/store_url.py), connected while the context is open.

    Args:
        rng: for the jitter of reconnections.
        durability: where a commit has to be before it is acknowledged.

    Raises:
        StoreUnavailable: it could not be reached.
        StoreError: it is too old, may evict keys, cannot keep the durability, or the URL is wrong.
    """
    found = read_store_url(url, client_name)
    store = RedisStore(topology_of(found, rng or random.Random(), times or LinkTimes()), durability=durability)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.topology.run)
        unfit = await store.unfit()
        if unfit is None:
            yield store
        nursery.cancel_scope.cancel()
    if unfit is not None:
        raise unfit


@attrs.frozen(eq=False)
class RedisStore:
    """Worlds in Redis or Valkey.

    Args:
        new_epoch: names the history of a new world.
        new_salt: the end of a lease's token, below 10**SALT_DIGITS; at random, so that no two are the same.
        durability: where a commit has to be before it is acknowledged.
        contended: worlds whose last batch met a conflict; the next one goes step by step, without being refused first.
    """

    topology: Topology
    paging: Paging = attrs.field(factory=Paging)
    new_epoch: Callable[[], str] = lambda: uuid.uuid4().hex
    durability: Durability = Durability()
    new_salt: Callable[[], int] = lambda: secrets.randbelow(10**SALT_DIGITS)
    contended: set[WorldName] = attrs.field(factory=set)

    async def unfit(self) -> StoreError | None:
        """Why the servers cannot hold worlds; None: they can."""
        try:
            await self._check()
        except StoreError as error:
            return error
        return None

    async def attach(self, world: WorldName, schema: str, ids: int, *, again: bool = False) -> Attachment:
        """See ``Store.attach``."""
        wanted = (FORMAT, schema, self.new_epoch(), ids, int(again), WRITERS_MOST, WRITERS_KEPT, LEASES_MOST)
        reply = await scripts.ATTACH.run(self._link(world), world_keys(world).all, *wanted)
        if reply[0] == b"NOPERM":
            raise StoreError(f"the store's user may not run {_text(reply[1])} on the keys of world {world}")
        if reply[0] == b"GONE":
            raise WorldGone(f"world {world} was deleted")
        if reply[0] == b"FORMAT":
            raise IncompatibleWorld(f"world {world} has format {_text(reply[1])}, this is format {FORMAT}")
        if reply[0] == b"SCHEMA":
            raise IncompatibleWorld(f"world {world} has schema {_text(reply[1])}, not {schema}")
        _, epoch, version, stamp, incarnation, first, end = reply
        head = read_head(world, epoch, version, stamp)
        return Attachment(head, int(incarnation), IdBlock(int(first), int(end)))

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """See ``Store.commit``.

        A batch is sent whole, which costs the store least, and step by step if something in it may not hold.
        """
        claim = None if world in self.contended else encode_claim(batch)
        reply: Any = await self._run(scripts.COMMIT_WHOLE, world, claim) if claim else [DOUBT]
        if reply[0] == DOUBT:
            reply = await self._run(scripts.COMMIT_EACH, world, encode_steps(batch))
        answer = _read_answer(world, batch, reply)
        if answer.codes.strip(COMMITTED):
            self.contended.add(world)
        else:
            self.contended.discard(world)
        return answer

    async def snapshot(self, world: WorldName) -> Snapshot:
        """See ``Store.snapshot``."""
        return await read_world(self._link(world), world, self.paging)

    async def log_after(self, world: WorldName, version: int, limit: int) -> list[bytes]:
        """See ``Store.log_after``."""
        return await read_log(self._link(world), world_keys(world), version, limit)

    async def head(self, world: WorldName) -> Head:
        """See ``Store.head``."""
        meta = world_keys(world).meta
        return read_head(world, *await self._link(world).call("HMGET", meta, "epoch", "version", "stamp"))

    async def renew_epoch(self, world: WorldName, head: Head) -> Head:
        """See ``Store.renew_epoch``."""
        keys = world_keys(world)
        seen = (head.epoch, head.version, head.stamp)
        reply = await scripts.RENEW_EPOCH.run(self._link(world), (keys.meta, keys.log), *seen, self.new_epoch())
        return read_head(world, *reply)

    async def reserve_ids(self, world: WorldName, epoch: str, count: int) -> IdBlock:
        """See ``Store.reserve_ids``."""
        reply = await scripts.RESERVE_IDS.run(self._link(world), (world_keys(world).meta,), epoch, count)
        if reply[0] == b"EPOCH":
            raise _epoch_changed(reply[1])
        return IdBlock(int(reply[1]), int(reply[2]))

    async def session_rows(self, world: WorldName) -> dict[SessionId, bytes]:
        """See ``Store.session_rows``."""
        return await read_sessions(self._link(world), world_keys(world), self.paging)

    async def session_row(self, world: WorldName, session: SessionId) -> bytes:
        """See ``Store.session_row``."""
        sessions = world_keys(world).sessions
        head, tail = await self._link(world).call("HMGET", sessions, session, f"{session}{SESSION_TAIL}")
        return (head or b"") + (tail or b"")

    async def take_lease(self, world: WorldName, name: LeaseName, owner: str, ttl_s: float) -> LeaseGrant | None:
        """See ``Store.take_lease``."""
        keys = world_keys(world)
        taken = (name, owner, ttl_us(ttl_s), f"{self.new_salt():0{SALT_DIGITS}}")
        token = await scripts.LEASE_TAKE.run(self._link(world), (keys.leases, keys.meta), *taken)
        return LeaseGrant(name, owner, int(token), ttl_s) if token else None

    async def renew_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.renew_lease``."""
        leases = (world_keys(world).leases,)
        ttl = ttl_us(grant.ttl_s)
        return bool(await scripts.LEASE_RENEW.run(self._link(world), leases, grant.name, str(grant.token), ttl))

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """See ``Store.release_lease``."""
        leases = (world_keys(world).leases,)
        return bool(await scripts.LEASE_RELEASE.run(self._link(world), leases, grant.name, str(grant.token)))

    async def delete_world(self, world: WorldName) -> None:
        """See ``Store.delete_world``."""
        keys = world_keys(world)
        all_keys = (keys.meta, keys.state, keys.cells, keys.log, keys.sessions, keys.leases)
        await scripts.DELETE_WORLD.run(self._link(world), all_keys, GONE_KEPT_S)

    def subscribe(self, world: WorldName, listener: DeltaListener) -> AbstractAsyncContextManager[None]:
        """See ``Store.subscribe``."""
        return self._link(world).subscribe(world_keys(world).channel, listener)

    async def info(self) -> ServerInfo:
        """See ``Store.info``; processor time is summed over the servers."""
        said = [describe(parse_info(_text(await link.call("INFO", "everything")))) for link in self.topology.links()]
        return attrs.evolve(said[0], cpu_s=sum(server.cpu_s for server in said))

    async def _check(self) -> None:
        await self.topology.ready()
        for link in self.topology.links():
            fields = parse_info(_text(await link.call("INFO", "everything")))
            check_fit(fields)
            if warning := check_durability(self.durability, fields):
                log.warning(warning, store=str(link.address))
            await check_permissions(link, self.durability, clustered=isinstance(self.topology, Cluster))

    async def _run(self, script: Script, world: WorldName, arguments: tuple[bytes, ...]) -> Any:
        """Runs a script of the world's that has to be as durable as commits are."""
        keys, link = world_keys(world), self._link(world)
        if self.durability.level is Level.MEMORY:
            return await script.run(link, keys.all, *arguments)
        return await script.run_held(link, self.durability.hold(keys.held), keys.all, *arguments)

    def _link(self, world: WorldName) -> Route:
        return self.topology.link_for(world)


def _epoch_changed(now: bytes) -> EpochChanged:
    return EpochChanged("" if now == GONE else now.decode())


def _read_answer(world: WorldName, batch: Batch, reply: Any) -> CommitReply:
    """What a commit script said."""
    if isinstance(reply, bytes):
        return CommitReply(int(reply), COMMITTED * len(batch.txs), {})
    if reply[0] == b"EPOCH":
        raise _epoch_changed(reply[1])
    if reply[0] == b"ORDER":
        raise UnknownIncarnation(f"this writer is not attached to world {world}")
    _, version, codes, heads = reply
    found = {int(heads[i]): unpack_head(heads[i + 1]) for i in range(0, len(heads), 2)}
    return CommitReply(int(version), codes.decode(), found)


def _text(reply: Any) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)
