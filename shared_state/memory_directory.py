"""A directory in this process: the model behind the directory port, for tests, simulation and games on one node.

How it works: each call is one checkpoint and then one atomic step of the model, which several clients may share.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

import attrs
import trio

from shared_state.directory import GONE_RETRY_S
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
    encode_metadata,
)
from shared_state.directory_model import ModelDirectory
from shared_state.directory_names import NodeName, ReservationToken, fresh_token, fresh_world_name
from shared_state.directory_request import check_count, check_join, check_page, node_entry
from shared_state.names import SessionId, WorldName
from shared_state.ttl import ttl_us


@attrs.frozen(eq=False)
class MemoryDirectory:
    """One client of a model. ``rng``: for names and tokens."""

    model: ModelDirectory
    rng: random.Random

    async def create(self, spec: WorldSpec, name: WorldName | None = None) -> WorldEntry | NameTaken | TooManyWorlds:
        """See ``Directory.create``."""
        await trio.lowlevel.checkpoint()
        while True:
            made = self.model.create(spec, name or fresh_world_name(self.rng))
            if name is not None or not isinstance(made, NameTaken):
                return made

    async def get(self, name: WorldName) -> WorldEntry | None:
        """See ``Directory.get``."""
        await trio.lowlevel.checkpoint()
        return self.model.get(name)

    async def list_worlds(self, wanted: WorldFilter, cursor: str = "", limit: int = 50) -> WorldPage:
        """See ``Directory.list_worlds``."""
        check_page(wanted, cursor, limit)
        encode_metadata(wanted.metadata)
        await trio.lowlevel.checkpoint()
        return self.model.list_worlds(wanted, cursor, limit)

    async def replace_metadata(self, name: WorldName, metadata: Mapping[str, Scalar]) -> bool:
        """See ``Directory.replace_metadata``."""
        encode_metadata(metadata)
        await trio.lowlevel.checkpoint()
        return self.model.replace_metadata(name, metadata)

    async def remove(self, name: WorldName) -> bool:
        """See ``Directory.remove``."""
        await trio.lowlevel.checkpoint()
        return self.model.remove(name)

    async def reserve(self, world: WorldName, ttl_s: float, count: int = 1) -> Reservation | Full | NoWorld:
        """See ``Directory.reserve``."""
        check_count(count)
        ttl, token = ttl_us(ttl_s), fresh_token(self.rng)
        await trio.lowlevel.checkpoint()
        refusal = self.model.reserve(world, token, count, ttl)
        return refusal or Reservation(token, world, count, ttl_s)

    async def join_or_create(self, spec: WorldSpec, ttl_s: float, count: int = 1) -> Reservation | TooManyWorlds:
        """See ``Directory.join_or_create``."""
        check_join(spec, count)
        ttl, token = ttl_us(ttl_s), fresh_token(self.rng)
        await trio.lowlevel.checkpoint()
        while True:
            joined = self.model.join_or_create(spec, token, count, ttl, fresh_world_name(self.rng))
            if isinstance(joined, TooManyWorlds):
                return joined
            if not isinstance(joined, NameTaken):
                world, created = joined
                return Reservation(token, world, count, ttl_s, created)

    async def confirm(self, token: ReservationToken, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """See ``Directory.confirm``."""
        ttl = ttl_us(ttl_s)
        await trio.lowlevel.checkpoint()
        world = self.model.confirm(token, session, node, ttl)
        return None if world is None else Seat(world, session, node)

    async def cancel(self, token: ReservationToken) -> bool:
        """See ``Directory.cancel``."""
        await trio.lowlevel.checkpoint()
        return self.model.release(("r", token), "")

    async def take_over(self, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """See ``Directory.take_over``."""
        ttl = ttl_us(ttl_s)
        await trio.lowlevel.checkpoint()
        world = self.model.take_over(session, node, ttl)
        return None if world is None else Seat(world, session, node)

    async def renew(self, node: NodeName, sessions: Iterable[SessionId], ttl_s: float) -> set[SessionId]:
        """See ``Directory.renew``."""
        ttl = ttl_us(ttl_s)
        await trio.lowlevel.checkpoint()
        return self.model.renew(node, sessions, ttl)

    async def release(self, node: NodeName, session: SessionId) -> bool:
        """See ``Directory.release``."""
        await trio.lowlevel.checkpoint()
        return self.model.release(("s", session), node)

    async def sweep(self) -> list[WorldName]:
        """See ``Directory.sweep``."""
        await trio.lowlevel.checkpoint()
        return self.model.sweep(ttl_us(GONE_RETRY_S))

    async def forget(self, names: Iterable[WorldName]) -> None:
        """See ``Directory.forget``."""
        await trio.lowlevel.checkpoint()
        self.model.forget(names)

    async def beat(
        self, node: NodeName, address: str, ttl_s: float, load: Mapping[str, float], *, draining: bool = False
    ) -> bool:
        """See ``Directory.beat``."""
        ttl, entry = ttl_us(ttl_s), node_entry(node, address, load, draining)
        await trio.lowlevel.checkpoint()
        return self.model.beat(entry, ttl)

    async def leave(self, node: NodeName) -> bool:
        """See ``Directory.leave``."""
        await trio.lowlevel.checkpoint()
        return self.model.leave(node)

    async def nodes(self) -> list[NodeEntry]:
        """See ``Directory.nodes``."""
        await trio.lowlevel.checkpoint()
        return self.model.nodes()

    async def ask_to_drain(self, node: NodeName) -> bool:
        """See ``Directory.ask_to_drain``."""
        await trio.lowlevel.checkpoint()
        return self.model.ask_to_drain(node)

    async def ask_to_kick(self, node: NodeName, kick: Kick) -> bool:
        """See ``Directory.ask_to_kick``."""
        await trio.lowlevel.checkpoint()
        return self.model.ask_to_kick(node, kick)

    async def kicks(self, node: NodeName) -> list[Kick]:
        """See ``Directory.kicks``."""
        await trio.lowlevel.checkpoint()
        return self.model.kicks(node)
