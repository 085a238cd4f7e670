"""Keeps a replica at the store's newest version, whatever the delta stream loses, doubles or reorders.

How it works: subscribe, load a snapshot, apply each delta that is next. Whatever does not fit raises an alarm: the
log is read from the missing version, and where the log no longer has it, or the history is another one, a new
snapshot is loaded. A store that went back, or on from an older state, first gets a new epoch: so no position ever means
two histories. Deltas that arrive during such a repair wait in a bounded buffer. Heads are compared after every
(re)subscription and every ``head_check_s``, so that a gap before a quiet spell is found too.
Must not know: players, rules. Invariant: the replica always is some version that the store had, never a mixture.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from shared_state.delta import Delta, decode_delta
from shared_state.errors import StoreError, UndecodableDelta
from shared_state.logs import log
from shared_state.names import WorldName
from shared_state.position import Head
from shared_state.replica import Fit, Replica
from shared_state.store import Snapshot, Store

MAX_BUFFERED = 10_000
LOG_PAGE = 500


@attrs.define(eq=False)
class FollowerCounts:
    """What went wrong with the stream and was repaired."""

    gaps: int = 0
    duplicates: int = 0
    snapshots: int = 0
    log_reads: int = 0
    undecodable: int = 0
    subscriptions: int = 0
    behind: int = 0
    """Versions that were missing when the replica was last compared with the store."""


@attrs.define(eq=False)
class Follower:
    """Feeds one replica.

    Args:
        on_advance: called after the replica moved on by deltas.
        on_reset: called after the replica was replaced by a snapshot, with the reason; not for the first one.
        head_check_s: how often heads are compared when nothing else asks for it.
        lag_alarm_s: how long ``reached`` waits for a version before it raises the alarm.
        history: counts the histories that the replica was in: a store that lost data begins another one.
    """

    store: Store
    world: WorldName
    replica: Replica
    on_advance: Callable[[], None]
    on_reset: Callable[[str], None]
    head_check_s: float = 2.0
    lag_alarm_s: float = 0.25
    counts: FollowerCounts = attrs.field(factory=FollowerCounts)
    history: int = 0
    cut_off_since_s: float | None = None
    """Since when the store could not be asked, by Trio's clock; None: it answered when it was last asked."""
    _repairing: bool = True
    _promised: int = 0
    _buffer: list[Delta] = attrs.field(factory=list)
    _alarm: trio.Event = attrs.field(factory=trio.Event)
    _advanced: trio.Event = attrs.field(factory=trio.Event)
    _asked: list[trio.Event] = attrs.field(factory=list)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follows until cancelled; started once the first snapshot is loaded.

        Raises:
            StoreError: the first snapshot could not be had; later ones are asked for again.
            WorldGone: the world was deleted.
            UndecodableDelta: the stored state itself cannot be read.
        """
        async with self.store.subscribe(self.world, self):
            self._load(await self.store.snapshot(self.world))
            self._end_repair()
            task_status.started()
            while True:
                with trio.move_on_after(self.head_check_s):
                    await self._alarm.wait()
                self._alarm = trio.Event()
                await self._repair()

    @property
    def is_current(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self._repairing

    def on_delta(self, payload: bytes) -> None:
        """Takes a published delta, still encoded."""
        try:
            delta = decode_delta(payload)
        except UndecodableDelta as error:
            self.counts.undecodable += 1
            log.warning("undecodable delta", world=self.world, error=str(error))
            self._alarm.set()
            return
        if not self._repairing:
            self._take(delta)
        elif len(self._buffer) < MAX_BUFFERED:
            self._buffer.append(delta)

    def on_subscribed(self) -> None:
        """Compares heads: what came before this moment may have been missed."""
        self.counts.subscriptions += 1
        self._alarm.set()

    async def reached(self, version: int, history: int) -> bool:
        """Waits until the replica has ``version`` of a ``history``, which the store answered.

        Returns: whether it has; False: it is in another history by now, in which that version may be something else.
        """
        while self.history == history:
            if self.replica.version >= version:
                return True
            self._promised = max(self._promised, version)
            with trio.move_on_after(self.lag_alarm_s) as patience:
                await self._advanced.wait()
            if patience.cancelled_caught:
                self._alarm.set()
        return False

    def alarm(self) -> None:
        """Has the replica compared with the store soon."""
        self._alarm.set()

    async def compared(self) -> None:
        """Waits until the replica was compared with the store as it is after this call, and repaired."""
        done = trio.Event()
        self._asked.append(done)
        self._alarm.set()
        await done.wait()

    def _take(self, delta: Delta) -> None:
        fit = self.replica.fit(delta)
        if fit is Fit.NEXT:
            self._apply(delta)
        elif fit is Fit.DUPLICATE:
            self.counts.duplicates += 1
        else:
            self.counts.gaps += 1
            self._repairing = True
            self._buffer.append(delta)
            self._alarm.set()

    def _apply(self, delta: Delta) -> None:
        try:
            self.replica.apply(delta)
        except UndecodableDelta as error:
            log.error("delta with an entity that cannot be decoded", world=self.world, error=str(error))
            self.counts.undecodable += 1
            self.replica.epoch = ""
            self._repairing = True
            self._alarm.set()
            return
        self._advance()
        self.on_advance()

    def _advance(self) -> None:
        if self._advanced.statistics().tasks_waiting:
            self._advanced.set()
            self._advanced = trio.Event()

    async def _repair(self) -> None:
        """Compares heads and repairs what is missing; tries again while the store is away."""
        asked, self._asked = self._asked, []
        try:
            await self._compare()
        except StoreError as error:
            self._asked += asked
            self.cut_off_since_s = self.cut_off_since_s or trio.current_time()
            log.warning("replica not compared", world=self.world, error=str(error))
            await trio.sleep(0.1)
            self._alarm.set()
        else:
            self.cut_off_since_s = None
            self._end_repair()
            for done in asked:
                done.set()

    async def _compare(self) -> None:
        known = max(self.replica.version, self._promised)
        head = await self.store.head(self.world)
        loss = self._loss(head, known)
        self.counts.behind = max(0, head.version - self.replica.version)
        if loss == "epoch":
            await self._reset(loss)
        elif loss:
            await self._change_history(head, loss)
        elif head.version > self.replica.version:
            await self._read_log(head)

    def _loss(self, head: Head, known: int) -> str:
        """Why this history is not the store's; empty when it is. ``known``: a version the store had before."""
        if head.epoch != self.replica.epoch:
            return "epoch"
        if head.version < known:
            return "rollback"
        return "fork" if head.version == self.replica.version and head.stamp != self.replica.stamp else ""

    async def _change_history(self, head: Head, loss: str) -> None:
        """Has a store that lost what it had promised begin a new epoch; the first node that asks makes it."""
        after = await self.store.renew_epoch(self.world, head)
        while after.epoch == head.epoch:
            # It moved on in between, but what it lost does not come back.
            after = await self.store.renew_epoch(self.world, after)
        await self._reset(loss)

    async def _read_log(self, head: Head) -> None:
        self.counts.log_reads += 1
        self._repairing = True
        while self.replica.version < head.version:
            page = await self.store.log_after(self.world, self.replica.version, LOG_PAGE)
            if self._forks(page):
                await self._change_history(head, "fork")
                return
            before = self.replica.version
            self._apply_log(page)
            self._drain_buffer()
            if self.replica.version == before:
                await self._reset("log too short")
                return

    def _forks(self, page: list[bytes]) -> bool:
        """Whether the log goes on from another version than the replica's, of the same number and epoch."""
        try:
            delta = decode_delta(page[0]) if page else None
        except UndecodableDelta:
            return False
        if delta is None or delta.epoch != self.replica.epoch or delta.version != self.replica.version + 1:
            return False
        return delta.previous != self.replica.stamp

    def _apply_log(self, page: list[bytes]) -> None:
        """Applies what is next, up to the first that is not or cannot be decoded."""
        for payload in page:
            try:
                delta = decode_delta(payload)
            except UndecodableDelta as error:
                self.counts.undecodable += 1
                log.error("undecodable delta in the log", world=self.world, error=str(error))
                return
            if self.replica.fit(delta) is Fit.NEXT:
                self._apply(delta)

    async def _reset(self, reason: str) -> None:
        self._repairing = True
        epoch = self.replica.epoch
        snapshot = await self.store.snapshot(self.world)
        if self._loss(snapshot.head, self.replica.version) == "rollback":
            await self._change_history(snapshot.head, "rollback")
            return
        self._load(snapshot)
        if self.replica.epoch != epoch:
            self.history += 1
            self._promised = 0
        log.info("replica loaded anew", world=self.world, reason=reason, version=self.replica.version)
        self.on_reset(reason)

    def _load(self, snapshot: Snapshot) -> None:
        self.replica.load(snapshot)
        self.counts.snapshots += 1
        self._advance()

    def _drain_buffer(self) -> None:
        """Applies what waited and is next by now; what is still too far ahead goes on waiting."""
        waiting, self._buffer = self._buffer, []
        for delta in waiting:
            fit = self.replica.fit(delta)
            if fit is Fit.NEXT:
                self._apply(delta)
            elif fit is Fit.GAP:
                self._buffer.append(delta)

    def _end_repair(self) -> None:
        self._drain_buffer()
        self._repairing = False
        if self._buffer:
            self._buffer.clear()
            self._alarm.set()
