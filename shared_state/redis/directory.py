"""The directory port on Redis or Valkey: each method is one script, and its reply made a value.

Must not know: sockets, reconnection. The scripts' headers describe what is sent and answered.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import attrs

from shared_state.directory import EXAMINED_PER_PAGE, GONE_RETRY_S, MOST_KICKS, MOST_WORLDS, SWEPT_AT_ONCE
from shared_state.directory_entry import (
    Full,
    Kick,
    NameTaken,
    NodeEntry,
    NoWorld,
    Reservation,
    Scalar,
    Seat,
    TooManyWorlds,
    WorldEntry,
    WorldFilter,
    WorldPage,
    WorldSpec,
    decode_metadata,
    encode_metadata,
    flatten,
)
from shared_state.directory_names import NodeName, ReservationToken, fresh_token, fresh_world_name
from shared_state.directory_request import check_count, check_join, check_page, node_entry
from shared_state.names import SessionId, WorldName
from shared_state.redis import directory_scripts as scripts
from shared_state.redis.directory_rows import read_kick, read_node, read_world, read_worlds, world_arguments, write_node
from shared_state.redis.keys import DIRECTORY, DIRECTORY_KEYS
from shared_state.redis.scripts import Script
from shared_state.redis.topology import Topology
from shared_state.ttl import ttl_us

RENEWED_AT_ONCE = 250
"""Sessions per script call: one to three milliseconds of the store."""
FULL = [b"FULL"]
"""The ledger's answer when there are as many worlds as may be."""
AGAIN = [b"AGAIN"]
"""The ledger's answer when the call took back seats that had run out, has not begun, and is to be made again."""


@attrs.frozen(eq=False)
class RedisDirectory:
    """The directory of one store. ``rng``: for names and tokens; tokens are as secret as it is."""

    topology: Topology
    rng: random.Random = attrs.field(factory=random.SystemRandom)
    most_worlds: int = MOST_WORLDS

    async def create(self, spec: WorldSpec, name: WorldName | None = None) -> WorldEntry | NameTaken | TooManyWorlds:
        """See ``Directory.create``."""
        while True:
            chosen = name or fresh_world_name(self.rng)
            made = await self._run(scripts.CREATE, chosen, *world_arguments(spec, self.most_worlds))
            if made == FULL:
                return TooManyWorlds(self.most_worlds)
            if made:
                metadata = decode_metadata(encode_metadata(spec.metadata))
                return WorldEntry(chosen, spec.kind, spec.seats, 0, metadata, spec.private, spec.persistent)
            if name is not None:
                return NameTaken(name)

    async def get(self, name: WorldName) -> WorldEntry | None:
        """See ``Directory.get``."""
        reply = await self._run(scripts.GET, name)
        return read_world(name.encode(), *reply) if reply else None

    async def list_worlds(self, wanted: WorldFilter, cursor: str = "", limit: int = 50) -> WorldPage:
        """See ``Directory.list_worlds``."""
        check_page(wanted, cursor, limit)
        flags = (int(wanted.with_free_seats), int(wanted.include_private))
        metadata = flatten(encode_metadata(wanted.metadata))
        following, *found = await self._run(
            scripts.LIST, wanted.kind or "", *flags, cursor, limit, EXAMINED_PER_PAGE, *metadata
        )
        return WorldPage(read_worlds(found), following.decode())

    async def replace_metadata(self, name: WorldName, metadata: Mapping[str, Scalar]) -> bool:
        """See ``Directory.replace_metadata``."""
        return bool(await self._run(scripts.UPDATE, name, *flatten(encode_metadata(metadata))))

    async def remove(self, name: WorldName) -> bool:
        """See ``Directory.remove``."""
        return bool(await self._run(scripts.REMOVE, name))

    async def reserve(self, world: WorldName, ttl_s: float, count: int = 1) -> Reservation | Full | NoWorld:
        """See ``Directory.reserve``."""
        check_count(count)
        token = fresh_token(self.rng)
        said, *free = await self._run(scripts.RESERVE, world, token, count, ttl_us(ttl_s))
        if said == b"NONE":
            return NoWorld(world)
        return Full(world, int(free[0])) if said == b"FULL" else Reservation(token, world, count, ttl_s)

    async def join_or_create(self, spec: WorldSpec, ttl_s: float, count: int = 1) -> Reservation | TooManyWorlds:
        """See ``Directory.join_or_create``."""
        check_join(spec, count)
        token, ttl, arguments = fresh_token(self.rng), ttl_us(ttl_s), world_arguments(spec, self.most_worlds)
        while True:
            joined = await self._run(scripts.JOIN, token, count, ttl, fresh_world_name(self.rng), *arguments)
            if joined == FULL:
                return TooManyWorlds(self.most_worlds)
            if joined:
                return Reservation(token, WorldName(joined[0].decode()), count, ttl_s, created=joined[1] == 1)

    async def confirm(self, token: ReservationToken, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """See ``Directory.confirm``."""
        world = await self._run(scripts.CONFIRM, token, session, node, ttl_us(ttl_s))
        return Seat(WorldName(world.decode()), session, node) if world else None

    async def cancel(self, token: ReservationToken) -> bool:
        """See ``Directory.cancel``."""
        return bool(await self._run(scripts.RELEASE, f"r:{token}", ""))

    async def take_over(self, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """See ``Directory.take_over``."""
        world = await self._run(scripts.TAKE_OVER, session, node, ttl_us(ttl_s))
        return Seat(WorldName(world.decode()), session, node) if world else None

    async def renew(self, node: NodeName, sessions: Iterable[SessionId], ttl_s: float) -> set[SessionId]:
        """See ``Directory.renew``; atomic for each ``RENEWED_AT_ONCE`` sessions."""
        ttl, waiting = ttl_us(ttl_s), iter(sessions)
        lost: set[SessionId] = set()
        while some := tuple(islice(waiting, RENEWED_AT_ONCE)):
            reply = await self._run(scripts.RENEW, node, ttl, *some)
            lost.update(SessionId(session.decode()) for session in reply)
        return lost

    async def release(self, node: NodeName, session: SessionId) -> bool:
        """See ``Directory.release``."""
        return bool(await self._run(scripts.RELEASE, f"s:{session}", node))

    async def sweep(self) -> list[WorldName]:
        """See ``Directory.sweep``."""
        reply = await self._run(scripts.SWEEP, SWEPT_AT_ONCE, ttl_us(GONE_RETRY_S))
        return [WorldName(name.decode()) for name in reply]

    async def forget(self, names: Iterable[WorldName]) -> None:
        """See ``Directory.forget``."""
        if gone := tuple(names):
            await self.topology.link_for(DIRECTORY).call("ZREM", DIRECTORY_KEYS.gone, *gone)

    async def beat(
        self, node: NodeName, address: str, ttl_s: float, load: Mapping[str, float], *, draining: bool = False
    ) -> bool:
        """See ``Directory.beat``."""
        row = write_node(node_entry(node, address, load, draining))
        return bool(await self._run_on_nodes(scripts.BEAT, node, row, ttl_us(ttl_s)))

    async def leave(self, node: NodeName) -> bool:
        """See ``Directory.leave``."""
        return bool(await self._run_on_nodes(scripts.LEAVE, node))

    async def nodes(self) -> list[NodeEntry]:
        """See ``Directory.nodes``."""
        reply = await self._run_on_nodes(scripts.NODES)
        entries = [read_node(*reply[i : i + 3]) for i in range(0, len(reply), 3)]
        return sorted(entries, key=lambda entry: entry.name)

    async def ask_to_drain(self, node: NodeName) -> bool:
        """See ``Directory.ask_to_drain``."""
        return bool(await self._run_on_nodes(scripts.DRAIN, node))

    async def ask_to_kick(self, node: NodeName, kick: Kick) -> bool:
        """See ``Directory.ask_to_kick``."""
        return bool(await self._run_on_nodes(scripts.KICK, node, f"{kick.world}:{kick.session}", MOST_KICKS))

    async def kicks(self, node: NodeName) -> list[Kick]:
        """See ``Directory.kicks``."""
        reply = await self._run_on_nodes(scripts.KICKS, node)
        return [read_kick(text) for text in reply.decode().split()]

    async def _run(self, script: Script, *args: str | bytes | int) -> Any:
        while True:
            reply = await script.run(self.topology.link_for(DIRECTORY), DIRECTORY_KEYS.ledger, *args)
            if reply != AGAIN:
                return reply

    async def _run_on_nodes(self, script: Script, *args: str | bytes | int) -> Any:
        return await script.run(self.topology.link_for(DIRECTORY), DIRECTORY_KEYS.liveness, *args)
