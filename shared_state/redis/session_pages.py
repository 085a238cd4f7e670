"""Reads the rows of all sessions of a world without blocking the store for long. Must not know: what a row says."""

from __future__ import annotations

from shared_state.errors import StoreUnavailable
from shared_state.names import SessionId
from shared_state.redis import scripts
from shared_state.redis.keys import SESSION_TAIL, WorldKeys
from shared_state.redis.snapshots import Paging
from shared_state.redis.topology import Route


async def read_sessions(link: Route, keys: WorldKeys, paging: Paging) -> dict[SessionId, bytes]:
    """See ``Store.session_rows``; on another server the cursors mean nothing, so all is read again."""
    for _ in range(paging.attempts):
        connections = link.connections
        rows = await _read_pages(link, keys, paging.page_fields)
        if link.connections == connections:
            return rows
    raise StoreUnavailable(f"the server changed while the sessions were read, {paging.attempts} times")


async def _read_pages(link: Route, keys: WorldKeys, fields: int) -> dict[SessionId, bytes]:
    """All rows. One that changes meanwhile may be found twice: the later one stays."""
    rows: dict[SessionId, bytes] = {}
    cursor = b"0"
    while True:
        reply = await scripts.SESSIONS_PAGE.run(link, (keys.sessions,), cursor, fields, SESSION_TAIL)
        cursor, heads, tails = reply
        for session, head, tail in zip(heads[::2], heads[1::2], tails, strict=True):
            rows[SessionId(session.decode())] = head + (tail or b"")
        if cursor == b"0":
            return rows
