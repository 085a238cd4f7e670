"""The executable specification of the directory: what each Lua script of it does, in plain Python.

How to read it: one method per script, each one atomic step; ``_expire`` comes first in all that look at seats, so what
they find is held. Must not know: trio, sockets, a clock or randomness of its own.
Invariant: ``used`` of a world is the sum of its holdings, and at most its limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import attrs

from shared_state.directory import EXAMINED_PER_PAGE, MOST_KICKS, MOST_WORLDS, SWEPT_AT_ONCE
from shared_state.directory_entry import (
    Full,
    Kick,
    NameTaken,
    NodeEntry,
    NoWorld,
    Scalar,
    TooManyWorlds,
    WorldEntry,
    WorldFilter,
    WorldPage,
    WorldSpec,
    decode_metadata,
    encode_metadata,
    metadata_holds,
)
from shared_state.directory_names import NodeName, ReservationToken
from shared_state.names import SessionId, WorldName
from shared_state.ttl import ttl_us

Holder = tuple[str, str]
"""``("r", token)`` or ``("s", session)``."""


@attrs.define(eq=False)
class ModelRow:
    """One world. ``idle_us``: when it is to be disposed of; None: it is in use, or persistent."""

    name: WorldName
    spec: WorldSpec
    encoded: dict[str, str]
    used: int = 0
    idle_us: int | None = None

    @property
    def free(self) -> int:
        """Seats that can be reserved."""
        return self.spec.seats - self.used

    def set_used(self, used: int, since_us: int) -> None:
        """Another number of seats is held, since then."""
        self.used = used
        idle = used == 0 and not self.spec.persistent
        self.idle_us = since_us + ttl_us(self.spec.empty_ttl_s) if idle else None

    def entry(self) -> WorldEntry:
        """This world, as told."""
        spec = self.spec
        return WorldEntry(
            self.name, spec.kind, spec.seats, self.used, decode_metadata(self.encoded), spec.private, spec.persistent
        )


@attrs.frozen(eq=False)
class Holding:
    """Seats of a reservation or a session. ``node`` and ``token``: who keeps a session's seat, and what reserved it."""

    row: ModelRow
    count: int
    expiry_us: int
    node: str = ""
    token: str = ""


@attrs.frozen
class ModelNode:
    """A node's last beat."""

    entry: NodeEntry
    expiry_us: int


@attrs.define(eq=False)
class ModelDirectory:
    """All of one store's directory.

    Args:
        now_us: the store's clock, microseconds since 1970.
    """

    now_us: Callable[[], int]
    most_worlds: int = MOST_WORLDS
    worlds: dict[WorldName, ModelRow] = attrs.field(factory=dict)
    gone: dict[WorldName, int] = attrs.field(factory=dict)
    holdings: dict[Holder, Holding] = attrs.field(factory=dict)
    beats: dict[NodeName, ModelNode] = attrs.field(factory=dict)
    asked: set[NodeName] = attrs.field(factory=set)
    waiting: dict[NodeName, list[Kick]] = attrs.field(factory=dict)

    def create(self, spec: WorldSpec, name: WorldName) -> WorldEntry | NameTaken | TooManyWorlds:
        """Makes a world (directory_create.lua)."""
        if name in self.worlds or name in self.gone:
            return NameTaken(name)
        if len(self.worlds) >= self.most_worlds:
            return TooManyWorlds(self.most_worlds)
        row = self.worlds[name] = ModelRow(name, spec, encode_metadata(spec.metadata))
        row.set_used(0, self.now_us())
        return row.entry()

    def get(self, name: WorldName) -> WorldEntry | None:
        """One world (directory_get.lua)."""
        self._expire()
        row = self.worlds.get(name)
        return row.entry() if row else None

    def list_worlds(self, wanted: WorldFilter, cursor: str, limit: int) -> WorldPage:
        """A page (directory_list.lua): worlds in the order of ``kind:name``, a bounded number examined."""
        self._expire()
        by_key = {f"{row.spec.kind}:{row.name}": row for row in self.worlds.values()}
        keys = sorted(key for key, row in by_key.items() if key > cursor and wanted.kind in (None, row.spec.kind))
        metadata = encode_metadata(wanted.metadata)
        found: list[WorldEntry] = []
        for place, key in enumerate(keys[:EXAMINED_PER_PAGE], 1):
            if _matches(by_key[key], wanted, metadata):
                found.append(by_key[key].entry())
            if len(found) == limit or place == EXAMINED_PER_PAGE:
                return WorldPage(found, key if place < len(keys) else "")
        return WorldPage(found, "")

    def replace_metadata(self, name: WorldName, metadata: Mapping[str, Scalar]) -> bool:
        """Other metadata (directory_update.lua)."""
        if name not in self.worlds:
            return False
        self.worlds[name].encoded = encode_metadata(metadata)
        return True

    def remove(self, name: WorldName) -> bool:
        """Ends a world (directory_remove.lua)."""
        if name not in self.worlds:
            return False
        self._drop(name)
        return True

    def reserve(self, name: WorldName, token: ReservationToken, count: int, ttl: int) -> Full | NoWorld | None:
        """Holds seats (directory_reserve.lua); None: it does. ``ttl`` in microseconds, here and below."""
        self._expire()
        row = self.worlds.get(name)
        if row is None:
            return NoWorld(name)
        if row.free < count:
            return Full(name, row.free)
        self._hold(row, token, count, ttl)
        return None

    def join_or_create(
        self, spec: WorldSpec, token: ReservationToken, count: int, ttl: int, fresh: WorldName
    ) -> tuple[WorldName, bool] | NameTaken | TooManyWorlds:
        """Holds seats in the fullest world that has them, or in a new one (directory_join.lua).

        Returns: the world, and whether it is new.
        """
        self._expire()
        rows = [row for row in self.worlds.values() if row.spec.kind == spec.kind and not row.spec.private]
        fitting = [row for row in rows if row.free >= count]
        row = min(fitting, key=lambda row: (row.free, row.name), default=None)
        created = row is None
        if row is None:
            made = self.create(spec, fresh)
            if not isinstance(made, WorldEntry):
                return made
            row = self.worlds[fresh]
        self._hold(row, token, count, ttl)
        return row.name, created

    def confirm(self, token: ReservationToken, session: SessionId, node: NodeName, ttl: int) -> WorldName | None:
        """A reserved seat becomes the session's (directory_confirm.lua)."""
        self._expire()
        held = self._holding(("s", session))
        if held is not None and held.token == token:
            return self._keep(session, held, node, ttl)
        reserved = self._holding(("r", token))
        if reserved is None:
            return None
        if held is not None:
            held.row.set_used(held.row.used - 1, self.now_us())
        if reserved.count > 1:
            self.holdings["r", token] = attrs.evolve(reserved, count=reserved.count - 1)
        else:
            del self.holdings["r", token]
        return self._keep(session, Holding(reserved.row, 1, 0, node, token), node, ttl)

    def take_over(self, session: SessionId, node: NodeName, ttl: int) -> WorldName | None:
        """The session's seat changes its keeper (directory_take_over.lua)."""
        self._expire()
        held = self._holding(("s", session))
        return None if held is None else self._keep(session, held, node, ttl)

    def renew(self, node: NodeName, sessions: Iterable[SessionId], ttl: int) -> set[SessionId]:
        """Prolongs seats (directory_renew.lua). Returns: sessions whose seat the node does not keep."""
        self._expire()
        lost = set()
        for session in sessions:
            held = self._holding(("s", session))
            if held is not None and held.node == node:
                self._keep(session, held, node, ttl)
            else:
                lost.add(session)
        return lost

    def release(self, holder: Holder, node: str) -> bool:
        """Frees what a reservation (of no node) or a session holds (directory_release.lua)."""
        self._expire()
        held = self._holding(holder)
        if held is None or held.node != node:
            return False
        held.row.set_used(held.row.used - held.count, self.now_us())
        del self.holdings[holder]
        return True

    def sweep(self, retry: int) -> list[WorldName]:
        """Ends empty worlds, hands out gone names (directory_sweep.lua); ``retry``: when again, microseconds."""
        self._expire()
        now_us = self.now_us()
        idle = {row.name: row.idle_us for row in self.worlds.values() if row.idle_us is not None}
        for name in _due(idle, now_us):
            self._drop(name)
        names = _due(self.gone, now_us)
        self.gone.update(dict.fromkeys(names, now_us + retry))
        return names

    def forget(self, names: Iterable[WorldName]) -> None:
        """Frees names."""
        for name in names:
            self.gone.pop(name, None)

    def beat(self, entry: NodeEntry, ttl: int) -> bool:
        """A node lives (directory_beat.lua). Returns: it was asked to drain."""
        self._bury()
        self.beats[entry.name] = ModelNode(entry, self.now_us() + ttl)
        return entry.name in self.asked

    def leave(self, node: NodeName) -> bool:
        """A node goes (directory_leave.lua)."""
        self._bury()
        self.asked.discard(node)
        self.waiting.pop(node, None)
        return self.beats.pop(node, None) is not None

    def nodes(self) -> list[NodeEntry]:
        """Live nodes by name (directory_nodes.lua)."""
        self._bury()
        entries = [self.beats[name].entry for name in sorted(self.beats)]
        return [attrs.evolve(entry, draining=entry.draining or entry.name in self.asked) for entry in entries]

    def ask_to_drain(self, node: NodeName) -> bool:
        """A live node is asked to drain (directory_drain.lua)."""
        self._bury()
        if node not in self.beats:
            return False
        self.asked.add(node)
        return True

    def ask_to_kick(self, node: NodeName, kick: Kick) -> bool:
        """A live node is asked to put a session out (directory_kick.lua)."""
        self._bury()
        if node not in self.beats or len(self.waiting.get(node, ())) >= MOST_KICKS:
            return False
        self.waiting.setdefault(node, []).append(kick)
        return True

    def kicks(self, node: NodeName) -> list[Kick]:
        """What waited for a node (directory_kicks.lua)."""
        return self.waiting.pop(node, [])

    def count_held(self) -> Counter[WorldName]:
        """Seats held by world, counted anew: what ``used`` must be."""
        counts: Counter[WorldName] = Counter()
        for holder, held in self.holdings.items():
            if self._holding(holder) is not None:
                counts[held.row.name] += held.count
        return counts

    def _expire(self) -> None:
        """Takes back the seats whose time is up; a world that this empties has been empty since then, not since now."""
        now_us = self.now_us()
        due = sorted((held.expiry_us, holder) for holder, held in self.holdings.items() if held.expiry_us <= now_us)
        for expiry_us, holder in due:
            held = self._holding(holder)
            if held is not None:
                held.row.set_used(held.row.used - held.count, expiry_us)
            del self.holdings[holder]

    def _holding(self, holder: Holder) -> Holding | None:
        """What is held, if its world is still the one it was: a namesake owes nothing to the seats of the old one."""
        held = self.holdings.get(holder)
        return held if held is not None and self.worlds.get(held.row.name) is held.row else None

    def _hold(self, row: ModelRow, token: ReservationToken, count: int, ttl: int) -> None:
        row.set_used(row.used + count, self.now_us())
        self.holdings["r", token] = Holding(row, count, self.now_us() + ttl)

    def _keep(self, session: SessionId, held: Holding, node: NodeName, ttl: int) -> WorldName:
        self.holdings["s", session] = attrs.evolve(held, node=node, expiry_us=self.now_us() + ttl)
        return held.row.name

    def _drop(self, name: WorldName) -> None:
        del self.worlds[name]
        self.gone[name] = self.now_us()

    def _bury(self) -> None:
        now_us = self.now_us()
        dead = {name for name, node in self.beats.items() if node.expiry_us <= now_us}
        self.asked -= dead
        for name in dead:
            del self.beats[name]
            self.waiting.pop(name, None)


def _matches(row: ModelRow, wanted: WorldFilter, metadata: Mapping[str, str]) -> bool:
    if row.spec.private and not wanted.include_private:
        return False
    if wanted.with_free_seats and row.free == 0:
        return False
    return metadata_holds(metadata.items(), row.encoded)


def _due(times_us: Mapping[WorldName, int], now_us: int) -> list[WorldName]:
    """Names whose time has come, the earliest first."""
    due = sorted((at_us, name) for name, at_us in times_us.items() if at_us <= now_us)
    return [name for _, name in due[:SWEPT_AT_ONCE]]
