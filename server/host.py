"""An open world on this node: replica and committer behind, this node's players in front, flushes between.

Opened by the first local player, closed some time after the last. Flushes happen at once when the last one is long
ago, else at the flush rate: low latency when idle, coalescing under load. Where that rate would leave no time for
anything else, they happen less often.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import attrs
import structlog
import trio

from server.config import WorldConfig
from server.game import Actor, Game, Transaction
from server.interest.fanout import Fanout
from server.interest.lookout import Optics
from server.interest.viewer import Viewer
from server.leader import Leader, LiveNodes
from server.seats import CountedSeating, FreeSeating, Seats
from server.session import deeds
from server.session.room import Occupant, RoomCounts
from server.wire import close_codes
from server.wire.messages import Schema
from shared_state.entity import EntityId, Tag, incarnation_of
from shared_state.errors import StoreError
from shared_state.histogram import Histogram
from shared_state.membership import Reaper, disown, stored_rows
from shared_state.names import SessionId, WorldName
from shared_state.position import Position
from shared_state.session_row import SessionTail, unpack_head, unpack_row
from shared_state.store import Store
from shared_state.world import World, open_world

log = structlog.get_logger()

REAPING_S = 3.0
"""How long after the grace period an absent session is surely removed."""

DISMISS_EVERY_S = 0.25
"""Often, so that a crowd that came together is not closed all at once."""

SOONEST_DIGESTS_S = 0.5
"""Clients may ask for content checks; together they get them no more often than this."""

WRITES_A_TURN = 256
"""Clients written to before others get their turn."""

MOST_FLUSHING = 0.5
"""Share of the time that flushes take at most: the rest is for those who come, and for what all of them send."""


def clock_ms() -> int:
    """Milliseconds since 1970 on this node's clock."""
    return time.time_ns() // 1_000_000


@attrs.define(eq=False)
class WorldHost:
    """The room that this node's sessions of one world are in."""

    world: World
    game: Game
    wire_schema: Schema
    node_name: str
    owner: str
    config: WorldConfig
    fanout: Fanout
    optics: Optics
    store: Store
    nursery: trio.Nursery
    node_clock_ms: Callable[[], int]
    counts: RoomCounts = attrs.field(factory=RoomCounts)
    sessions: dict[Occupant, None] = attrs.field(factory=dict)
    """In the order in which they came: what a node does never hangs on where things lie in memory."""
    needed_until_s: float = 0.0
    """Until then somebody who went away may come back, or has to be removed: the world stays open."""
    newcomers: dict[Occupant, float] = attrs.field(factory=dict)
    seating: CountedSeating | FreeSeating = attrs.field(factory=FreeSeating)
    leadership: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Cancelled, this node leads the world no more."""
    flushing: Histogram = attrs.field(factory=Histogram)
    _current: dict[SessionId, Occupant] = attrs.field(factory=dict)
    """Who came last under each id."""
    reaper: Reaper = attrs.field(init=False)
    next_flush_s: float = 0.0
    """The soonest that players are shown more, by Trio's clock."""
    _dirty: trio.Event = attrs.field(factory=trio.Event)
    _digests_wanted: bool = False
    _digests_at_s: float = 0.0

    @reaper.default
    def _make_reaper(self) -> Reaper:
        return Reaper(self.world, self.store, self._leave, trio.current_time, self.config.grace_s, self._on_removed)

    @property
    def flush_hz(self) -> float:
        """Flushes a second under load."""
        return self.config.flush_hz

    def now_s(self) -> float:
        """Time that only moves on, in seconds."""
        return trio.current_time()

    def clock_ms(self) -> float:
        """Milliseconds since 1970."""
        return float(self.node_clock_ms())

    def may_resume(self, position: Position) -> bool:
        """Whether a view of that position is one of this history."""
        return self.fanout.may_resume(position)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Has something done after a while, if the room is still open then."""
        self.nursery.start_soon(self._act_later, seconds, act)

    def recall(self, session: SessionId, found: Callable[[bytes | None], None]) -> None:
        """Fetches the stored row of a session; ``found`` gets it, b"" if there is none, None if it cannot be had."""
        self.nursery.start_soon(self._recall, session, found)

    def start(self, task: Callable[[], Awaitable[None]]) -> None:
        """Runs something that takes time, at the longest until the world is closed."""
        self.nursery.start_soon(task)

    def arrive(self, session: Occupant) -> None:
        """Gives a connection some time to join."""
        self.newcomers[session] = trio.current_time()

    def welcome(self, session: Occupant, resumed: bool) -> None:
        """Shows the world to a session from now on; ``resumed``: one that may be wanted elsewhere at the same time."""
        self.newcomers.pop(session, None)
        other = self._current.get(session.session_id)
        if other is not None:
            other.on_replaced(resumed=True)
        self._current[session.session_id] = session
        self.sessions[session] = None
        if resumed:
            # Word that it was taken over again may have come before there was anybody here to heed it.
            self.recall(session.session_id, partial(self._check_right, session))
        self.wake()

    def farewell(self, session: Occupant) -> None:
        """Ends what ``welcome`` began."""
        self.sessions.pop(session, None)
        if self._current.get(session.session_id) is session:
            del self._current[session.session_id]
        if session.may_come_back:
            self.needed_until_s = trio.current_time() + self.config.grace_s + REAPING_S

    def wake(self) -> None:
        """Has the room flush soon."""
        self._dirty.set()

    def want_digests(self) -> None:
        """Has a flush carry content digests, soon."""
        self._digests_wanted = True
        self.wake()

    def start_over(self) -> None:
        """The replica was loaded anew: whose avatar was lost has to come back; the others are shown what differs."""
        for session in self.sessions:
            if session.has_lost_avatar():
                session.client.close(close_codes.WORLD_LOST, "the world lost your avatar")
        self.nursery.start_soon(self._compare_rows)
        self.wake()

    def players(self) -> list[Occupant]:
        """Those who have a seat, and the right to it."""
        return [session for session in self.sessions if session.writer is not None and not session.writer.fenced]

    def occupants(self) -> list[Occupant]:
        """All who are connected, joined or not."""
        return [*self.sessions, *self.newcomers]

    def kick(self, session: SessionId) -> None:
        """Puts a session out of the world, connected or away."""
        occupant = self._current.get(session)
        if occupant is not None:
            occupant.on_kicked()
        else:
            self.recall(session, partial(self._remove_absent, session))

    def _leave(self, tx: Transaction, session: SessionId, tail: SessionTail) -> None:
        deeds.leave(self.game, Actor(session, EntityId(tail.entity), tail.name), tx)

    def _on_removed(self, session: SessionId) -> None:
        self.seating.clear(session)

    def _remove_absent(self, session: SessionId, row: bytes | None) -> None:
        if row:
            self.reaper.remove(session, *unpack_row(row))

    def dismiss(self, code: int, reason: str) -> None:
        """Closes all connections of the room."""
        for session in self.occupants():
            session.client.close(code, reason)

    async def flush_forever(self) -> None:
        """Flushes whenever something changed, at most at the flush rate."""
        interval_s = 1.0 / self.config.flush_hz
        while True:
            await self._dirty.wait()
            # Who waits for the same delta has its turn first, so that the answer to a commit goes out with it.
            await trio.lowlevel.checkpoint()
            self._dirty = trio.Event()
            started_s = trio.current_time()
            self.next_flush_s = started_s + interval_s
            spent_s = await self._flush(started_s)
            self.next_flush_s = started_s + max(interval_s, spent_s / MOST_FLUSHING)
            await trio.sleep_until(self.next_flush_s)

    async def _flush(self, now_s: float) -> float:
        """Makes all frames at one version, then writes them in turns that leave room for receiving.

        Returns: the time that it took for itself, in seconds.
        """
        if not self.world.replica.epoch:
            return 0.0  # It is about to be loaded anew, and says so.
        parcels = self._pack(now_s)
        spent_s = trio.current_time() - now_s
        for start in range(0, len(parcels), WRITES_A_TURN):
            if start:
                await trio.lowlevel.checkpoint()
            began_s = trio.current_time()
            for viewer, frames in parcels[start : start + WRITES_A_TURN]:
                viewer.write(frames)
            spent_s += trio.current_time() - began_s
        self.flushing.add(spent_s)
        return spent_s

    def _pack(self, now_s: float) -> list[tuple[Viewer, bytes]]:
        with_digests = self._are_digests_due(now_s)
        changes = self.world.replica.drain()
        if changes.sessions:
            self._check_rights(changes.sessions)
        parcels = self.fanout.flush(list(self.sessions), changes, now_s, with_digests)
        if self.fanout.unfinished:
            self.wake()
        return parcels

    def _are_digests_due(self, now_s: float) -> bool:
        every_s = SOONEST_DIGESTS_S if self._digests_wanted else self.config.digest_every_s
        if now_s - self._digests_at_s < every_s:
            if self._digests_wanted:
                self.wake()
            return False
        self._digests_wanted = False
        self._digests_at_s = now_s
        return True

    def _check_rights(self, changed: Mapping[SessionId, Tag]) -> None:
        """Someone changed the rows of sessions: those served here may have been taken over, or removed."""
        mine = self.world.committer.incarnation
        for session_id, tag in changed.items():
            session = self._current.get(session_id)
            if session is None:
                continue
            writer = session.writer
            if incarnation_of(tag) != mine or (writer is not None and writer.fenced):
                self.recall(session.session_id, partial(self._check_right, session))

    def _check_right(self, session: Occupant, row: bytes | None) -> None:
        if row is not None and self._has_lost_right(session, row):
            session.on_replaced(resumed=bool(row))

    def _has_lost_right(self, session: Occupant, row: bytes) -> bool:
        """Whether a row gives the session to another connection; then nothing more is written for this one."""
        writer, head = session.writer, unpack_head(row)
        if writer is None or writer.head is None or (head is not None and head.generation == writer.head.generation):
            return False
        writer.fenced = True
        return True

    async def _compare_rows(self) -> None:
        """Puts right who serves whom, after the store may have lost it: on both sides, those who do not know it yet."""
        rows = await stored_rows(self.world, self.store)
        for session in self.sessions:
            if self._has_lost_right(session, rows.get(session.session_id, b"")):
                session.on_replaced(resumed=False)
        disown(self.world, rows, self.owner, self.node_clock_ms())

    async def _act_later(self, seconds: float, act: Callable[[], None]) -> None:
        await trio.sleep(seconds)
        act()

    async def _recall(self, session: SessionId, found: Callable[[bytes | None], None]) -> None:
        try:
            row: bytes | None = await self.store.session_row(self.world.name, session)
        except StoreError as error:
            log.warning("session row not to be had", world=self.world.name, session=session, error=str(error))
            row = None
        found(row)

    async def dismiss_forever(self) -> None:
        """Closes connections that have not read, or not joined, for too long; all, if the store is away for too long.

        Then it may be this node alone that is cut off from it, and players go on elsewhere.
        """
        while True:
            await trio.sleep(DISMISS_EVERY_S)
            now_s = trio.current_time()
            cut_off_s = self.world.follower.cut_off_since_s
            if cut_off_s is not None and now_s - cut_off_s > self.config.store_limit_s:
                self.dismiss(close_codes.STORE_AWAY, "the store does not answer")
            for session in self.sessions:
                stalled_s = session.client.stalled_since
                if stalled_s is not None and now_s - stalled_s > self.config.slow_limit_s:
                    session.client.close(close_codes.TOO_SLOW, "too slow")
            for session, since_s in self.newcomers.items():
                if now_s - since_s > self.config.join_limit_s:
                    self._give_up(session)

    def _give_up(self, session: Occupant) -> None:
        if session.is_joining:
            session.client.close(close_codes.STORE_AWAY, "the store does not answer")
        else:
            session.client.close(close_codes.JOIN_TIMEOUT, "no join")


async def _not_known() -> None:
    """The nodes that live, where nobody keeps count of them."""


@asynccontextmanager
async def open_host(
    store: Store,
    name: WorldName,
    game: Game,
    node_name: str,
    owner: str,
    config: WorldConfig,
    live_nodes: LiveNodes = _not_known,
    node_clock_ms: Callable[[], int] = clock_ms,
    seats: Seats | None = None,
) -> AsyncGenerator[WorldHost, None]:
    """Opens a world for players; closed with the context.

    Args:
        owner: this process, told apart from all others, as holder of leases and server of sessions.
        live_nodes: the owners that live; by default that is not known.
        node_clock_ms: milliseconds since 1970 on this node's clock.
        seats: those of the world; by default there is one for everybody.

    Raises:
        IncompatibleWorld: the stored world has another format or schema.
    """
    host: WorldHost | None = None

    def on_advance() -> None:
        if host is not None:
            host.wake()

    def on_reset(_reason: str) -> None:
        if host is not None:
            host.start_over()

    def next_flush_s() -> float:
        return host.next_flush_s if host is not None else 0.0

    async with open_world(
        store,
        name,
        game.schema(),
        node_clock_ms,
        limits=config.commit_limits(),
        on_advance=on_advance,
        on_reset=on_reset,
        next_showing_s=next_flush_s,
    ) as world:
        optics = Optics.of(game)
        fanout = Fanout(world.replica, optics.secret)
        async with trio.open_nursery() as nursery:
            host = WorldHost(
                world, game, game.wire_schema(), node_name, owner, config, fanout, optics, store, nursery, node_clock_ms
            )
            if seats is not None:
                host.seating = CountedSeating(seats, nursery)
                nursery.start_soon(host.seating.renew_forever, host.players)
            nursery.start_soon(host.flush_forever)
            nursery.start_soon(host.dismiss_forever)
            nursery.start_soon(_lead, host, live_nodes)
            yield host
            nursery.cancel_scope.cancel()


async def _lead(host: WorldHost, live_nodes: LiveNodes) -> None:
    leader = Leader(host.world, host.store, host.game.timed_rules, host.owner, host.reaper, live_nodes)
    with host.leadership:
        await leader.run()
