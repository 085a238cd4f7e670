"""Reads a whole world without blocking the store for long.

How it works: a small world is one script. A large one is read in pages, entities first and cells last, while it goes
on changing; then the log from before the first page is read. Each page says of which version it is. If the log joins
the first page's version to the last one's, and all pages lie on it, the pages and the log make one version
(``Replica.load``). If not (the log was trimmed, the history is another one, the server changed, so that its cursors
mean nothing), all is read again, in larger pages.
Must not know: what entities contain. Invariant: what is returned is wholly of one history.
"""

from __future__ import annotations

import attrs

from shared_state.delta import Delta, decode_delta
from shared_state.entity import Tag
from shared_state.errors import StoreError, UndecodableDelta
from shared_state.names import WorldName
from shared_state.position import Head
from shared_state.redis import scripts
from shared_state.redis.heads import read_head
from shared_state.redis.keys import WorldKeys, world_keys
from shared_state.redis.topology import Route
from shared_state.store import Snapshot


@attrs.frozen
class Paging:
    """How much is read in one step.

    Args:
        whole_fields: worlds with at most so many entities and cells are read by one script.
        page_fields: entities, cells or fields of sessions in a page, about; doubled with each attempt.
        log_deltas: deltas in a page of the log.
        attempts: how often a large world is read before it is given up.
    """

    whole_fields: int = 1000
    page_fields: int = 250
    log_deltas: int = 100
    attempts: int = 3


async def read_world(link: Route, world: WorldName, paging: Paging) -> Snapshot:
    """See ``Store.snapshot``."""
    keys = world_keys(world)
    for attempt in range(paging.attempts):
        reply = await scripts.SNAPSHOT.run(link, (keys.state, keys.cells, keys.meta), paging.whole_fields)
        head = read_head(world, *reply[:3])
        if len(reply) > 3:
            return Snapshot(head, _by_number(reply[3]), _tags(_by_number(reply[4])))
        reading = _Reading(link, keys, paging.page_fields << attempt, paging.log_deltas, head)
        found = await reading.run()
        if found is not None:
            return found
    raise StoreError(f"the world changed faster than it could be read, {paging.attempts} times")


async def read_log(link: Route, keys: WorldKeys, version: int, limit: int) -> list[bytes]:
    """See ``Store.log_after``."""
    reply = await link.call("XRANGE", keys.log, f"{version + 1}-0", "+", "COUNT", limit)
    return [fields[1] for _, fields in reply]


@attrs.define(eq=False)
class _Reading:
    """One attempt at a large world. ``heads``: what the pages were read at, the first one's before all."""

    link: Route
    keys: WorldKeys
    page_fields: int
    log_deltas: int
    first: Head
    heads: list[Head] = attrs.field(factory=list)

    async def run(self) -> Snapshot | None:
        """The world; None: its parts do not make one."""
        connections = self.link.connections
        state = await self._read_pages(self.keys.state)
        cells = await self._read_pages(self.keys.cells)
        log = await self._read_log(self.heads[-1].version)
        if log is None or self.link.connections != connections:
            return None
        history = [self.first, *map(_head_after, log)]
        if not set(self.heads) <= set(history):
            return None
        return Snapshot(history[-1], state, _tags(cells), tuple(log))

    async def _read_pages(self, key: str) -> dict[int, bytes]:
        """All fields of a hash. What changes meanwhile may be found twice: the newer one, read later, stays."""
        fields: dict[int, bytes] = {}
        cursor = b"0"
        while True:
            reply = await scripts.SNAPSHOT_PAGE.run(self.link, (key, self.keys.meta), cursor, self.page_fields)
            epoch, version, stamp, cursor, page = reply
            self.heads.append(Head(epoch.decode(), int(version), stamp))
            fields |= _by_number(page)
            if cursor == b"0":
                return fields

    async def _read_log(self, until: int) -> list[Delta] | None:
        """The deltas after the first head, up to a version at least; None: they do not follow on one another."""
        log: list[Delta] = []
        head = self.first
        while head.version < until:
            page = await read_log(self.link, self.keys, head.version, self.log_deltas)
            if not page:
                return None
            for payload in page:
                delta = _next_delta(head, payload)
                if delta is None:
                    return None
                log.append(delta)
                head = _head_after(delta)
        return log


def _next_delta(head: Head, payload: bytes) -> Delta | None:
    """The delta, if it can be read and is the one after ``head``."""
    try:
        delta = decode_delta(payload)
    except UndecodableDelta:
        return None
    follows = (delta.epoch, delta.version, delta.previous) == (head.epoch, head.version + 1, head.stamp)
    return delta if follows else None


def _head_after(delta: Delta) -> Head:
    return Head(delta.epoch, delta.version, delta.stamp)


def _by_number(flat: list[bytes]) -> dict[int, bytes]:
    return {int(flat[i]): flat[i + 1] for i in range(0, len(flat), 2)}


def _tags(cells: dict[int, bytes]) -> dict[int, Tag]:
    return {cell: Tag(tag) for cell, tag in cells.items()}
