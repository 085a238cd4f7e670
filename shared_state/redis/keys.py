"""Names of keys in the store: a world's share one hash tag, so all are in one slot; so do the directory's. Pure."""

from __future__ import annotations

from functools import lru_cache

import attrs

from shared_state.names import WorldName

SESSION_TAIL = ":tail"
"""Field of the sessions: a row's head stands under the session's id, the rest under id and this. Every command changes
the head, few change the rest, so the script does not carry it along."""


@attrs.frozen
class WorldKeys:
    """The keys of one world, and its channel; what is in them: DESIGN section 2. ``held`` is the mark of a ``Hold``."""

    state: str
    cells: str
    meta: str
    log: str
    sessions: str
    leases: str
    channel: str
    held: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every one that the commit script takes, in its order."""
        return (self.state, self.cells, self.meta, self.log, self.sessions, self.leases, self.channel)


@lru_cache(maxsize=4096)
def world_keys(world: WorldName) -> WorldKeys:
    """The keys of a world."""
    parts = ("state", "cells", "meta", "log", "sessions", "leases", "delta", "held")
    return WorldKeys(*(f"oar:{{{world}}}:{part}" for part in parts))


DIRECTORY = WorldName("dir")
"""Stands for a world's name in the directory's keys. A world may be called so: its keys end in other words."""


@attrs.frozen
class DirectoryKeys:
    """The keys of the directory of worlds and of the nodes.

    Args:
        worlds: hash, world -> row. used: hash, world -> seats held. names: sorted set of ``kind:world``.
        open: sorted set of ``kind:free seats:world``. idle: sorted set, empty world -> when to end it.
        gone: sorted set, ended world whose keys may still be there -> when to hand it out.
        seats: hash, reservation or session -> what it holds. expiries: sorted set, the same -> when it runs out.
        nodes: hash, node -> row. beats: sorted set, node -> when it is held for dead. All times in microseconds.
    """

    worlds: str
    used: str
    names: str
    open: str
    idle: str
    gone: str
    seats: str
    expiries: str
    nodes: str
    beats: str

    @property
    def ledger(self) -> tuple[str, ...]:
        """Those of worlds and seats, in the order that scripts take them."""
        return (self.worlds, self.used, self.names, self.open, self.idle, self.gone, self.seats, self.expiries)

    @property
    def liveness(self) -> tuple[str, ...]:
        """Those of nodes, in the order that scripts take them."""
        return (self.nodes, self.beats)


DIRECTORY_KEYS = DirectoryKeys(*(f"oar:{{{DIRECTORY}}}:{field.name}" for field in attrs.fields(DirectoryKeys)))


BANS, BAN_ENDS, BAN_STAMP = (f"oar:{{{DIRECTORY}}}:{part}" for part in ("bans", "ban_ends", "ban_stamp"))
"""Of bans: hash, subject -> reason; sorted set, subject -> when its ban runs out; the stamp of the list."""
BAN_KEYS = (BANS, BAN_ENDS, BAN_STAMP)
"""In the order that scripts take them."""
