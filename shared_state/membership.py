"""Sessions that nobody serves: how they are noticed, and how they leave.

A session is absent when its row says that it went away, or when the node that serves it does not live; of rows that a
store brought back when it lost history, a node that lives says so itself (``disown``). Absence is timed on the reaper's
own clock, from when it first saw this very row absent: no two clocks are compared, and a row that changed (the player
came back, moved on) starts anew. The removal is a commit that expects that row's head, so a player who comes back in
the last moment wins.
Must not know: what an avatar is. Invariant: a session of a live node that is not away is never removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import attrs
import msgspec
import trio

from shared_state.errors import StoreError
from shared_state.job import Job, SessionWriter, drop_row, same_row
from shared_state.logs import log
from shared_state.names import SessionId
from shared_state.outcome import Committed, Outcome, Rejection
from shared_state.session_row import SessionHead, SessionTail, encode_tail, unpack_row
from shared_state.store import Store
from shared_state.transaction import Transaction
from shared_state.world import World

RETRY_S = 0.2

LeaveRule = Callable[[Transaction, SessionId, SessionTail], None]


@attrs.frozen
class Absence:
    """A row that was found absent, and since when (seconds on the reaper's clock)."""

    row: bytes
    since_s: float


@attrs.define(eq=False)
class Reaper:
    """Removes absent sessions of one world; run by the world's leader.

    Args:
        leave: what the world does when a session ends.
        now_s: time that only moves on, in seconds.
        grace_s: how long a session may be absent.
        removed: told of each session that was removed.
    """

    world: World
    store: Store
    leave: LeaveRule
    now_s: Callable[[], float]
    grace_s: float
    removed: Callable[[SessionId], None] = lambda _session: None
    _absent: dict[SessionId, Absence] = attrs.field(factory=dict)

    async def sweep(self, live_nodes: Collection[str] | None) -> None:
        """Looks at all sessions once; submits the removal of those absent for too long.

        Args:
            live_nodes: None if that is not known: then only what rows say counts.

        Raises:
            StoreError: the sessions cannot be read.
        """
        rows = await self.store.session_rows(self.world.name)
        now_s = self.now_s()
        absent: dict[SessionId, Absence] = {}
        for session, row in rows.items():
            head, tail = unpack_row(row)
            if tail.away_since_ms or (live_nodes is not None and tail.node not in live_nodes):
                known = self._absent.get(session)
                absent[session] = known if known is not None and known.row == row else Absence(row, now_s)
                if now_s - absent[session].since_s >= self.grace_s:
                    self.remove(session, head, tail)
        self._absent = absent

    def remove(self, session: SessionId, head: SessionHead, tail: SessionTail) -> None:
        """Submits the removal of a session whose row has this head; nothing happens if it has another by then."""

        def run(tx: Transaction) -> Rejection | None:
            self.leave(tx, session, tail)
            return None

        def settle(outcome: Outcome) -> None:
            if isinstance(outcome, Committed):
                log.info("absent session removed", world=self.world.name, session=session)
                self.removed(session)

        self.world.submit(Job(run, settle, SessionWriter(session, head), drop_row))


def disown(world: World, rows: Mapping[SessionId, bytes], owner: str, now_ms: int) -> None:
    """Marks as away those whom the stored rows give to ``owner``, and whom this node does not serve.

    A store that lost history brings back rows of sessions that have ended, or gone on elsewhere: the node that they
    name lives, so nobody would ever remove them. Each mark expects its row as it was read; a player who comes wins.
    """
    served = {writer.id for writer in world.committer.writers}
    for session, row in rows.items():
        head, tail = unpack_row(row)
        if tail.node == owner and not tail.away_since_ms and session not in served:
            away = encode_tail(msgspec.structs.replace(tail, away_since_ms=now_ms))
            world.submit(Job(lambda _tx: None, _nothing, SessionWriter(session, head), same_row, tail=away))


async def stored_rows(world: World, store: Store) -> dict[SessionId, bytes]:
    """The rows of all sessions, however long the store is away."""
    while True:
        try:
            return await store.session_rows(world.name)
        except StoreError as error:
            log.warning("sessions not read", world=world.name, error=str(error))
            await trio.sleep(RETRY_S)


def _nothing(_outcome: Outcome) -> None:
    """Whether a mark was made, nobody waits for."""
