"""Commits the jobs of one node to one world: runs them, sends one batch at a time, reruns what lost.

How it works: while a batch is in flight, arriving jobs queue (group commit). When its answer is there and the replica
has reached its version, outcomes are told, jobs that met a conflict go to the front of the queue in their order, and
the next batch is made. When a batch leaves, ``timetable.py`` says.
A batch whose answer was lost is sent again with the same number: the store answers a number it has seen.
Must not know: games, sockets. Invariant: a job is settled exactly once; jobs of one session commit in order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable

import attrs
import trio

from shared_state.batch import COMMITTED, GUARD_LOST, SESSION_MOVED, Batch, CommitReply
from shared_state.certainty import Certainty
from shared_state.entity import TagMaker
from shared_state.errors import EpochChanged, IncompatibleWorld, StoreError, StoreUnavailable, UnknownIncarnation
from shared_state.flight import Boarding, Flight, Passenger, assemble
from shared_state.follower import Follower
from shared_state.histogram import SIZES, Histogram
from shared_state.job import Job, SessionWriter
from shared_state.logs import log
from shared_state.names import WorldName
from shared_state.outcome import Busy, Committed, Fenced, Outcome, Rejected, Rejection, Unknown
from shared_state.overlay import Overlay
from shared_state.session_row import unpack_head
from shared_state.store import Attachment, Store
from shared_state.timetable import Timetable
from shared_state.transaction import IdSource


@attrs.frozen
class CommitLimits:
    """Bounds of a committer.

    Args:
        batch_jobs, batch_bytes: size of one batch; one script call should stay near 1 ms.
        queue_jobs: jobs waiting, half a second of what a node commits at best; more are answered busy at once.
        attempts: runs of one job before it is answered busy.
        pause_s: longest wait for a better moment (``timetable.py``).
        id_block: entity ids reserved at a time.
        log_length: versions kept in the world's log (about).
    """

    batch_jobs: int = 128
    batch_bytes: int = 256 * 1024
    queue_jobs: int = 2_000
    attempts: int = 24
    pause_s: float = 0.0
    id_block: int = 1000
    log_length: int = 10_000


@attrs.define(eq=False)
class CommitCounts:
    """What a committer did."""

    batches: int = 0
    committed: int = 0
    rejected: int = 0
    conflicts: int = 0
    busy: int = 0
    fenced: int = 0
    unknown: int = 0
    recoveries: int = 0
    latency_s: Histogram = attrs.field(factory=Histogram)
    sizes: Histogram = attrs.field(factory=lambda: Histogram(SIZES))


@attrs.define(eq=False)
class Committer:
    """One node's writer to one world.

    Args:
        clock_ms: milliseconds since 1970, for rules.
        next_showing_s: when players are shown more, at the soonest; by Trio's clock.
    """

    store: Store
    world: WorldName
    follower: Follower
    clock_ms: Callable[[], int]
    next_showing_s: Callable[[], float]
    limits: CommitLimits = attrs.field(factory=CommitLimits)
    counts: CommitCounts = attrs.field(factory=CommitCounts)
    writers: dict[SessionWriter, None] = attrs.field(factory=dict)
    _queue: deque[Job] = attrs.field(factory=deque)
    _work: trio.Event = attrs.field(factory=trio.Event)
    _ids: IdSource = attrs.field(factory=IdSource)
    _attachment: Attachment | None = None
    _certainty: Certainty = attrs.field(factory=Certainty)
    _tags: TagMaker = attrs.field(factory=lambda: TagMaker(0))
    _epoch: str = ""
    _number: int = 0
    _timetable: Timetable = attrs.field(init=False)

    @_timetable.default
    def _make_timetable(self) -> Timetable:
        return Timetable(self.limits.pause_s, self.next_showing_s)

    def submit(self, job: Job) -> None:
        """Queues a job; it is settled later, or at once as busy when the queue is full."""
        if len(self._queue) >= self.limits.queue_jobs:
            self._settle(job, Busy("too many commands are waiting"))
            return
        self._queue.append(job)
        self._work.set()

    @property
    def incarnation(self) -> int:
        """This writer's number, which its tags carry; 0 before it is attached."""
        return self._attachment.incarnation if self._attachment else 0

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._queue)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commits until cancelled; started once the world is attached. Raises: StoreError, at the first attach."""
        await self._attach(again=False)
        task_status.started()
        while True:
            await self._work.wait()
            await self._travel()
            if not self._queue:
                self._work = trio.Event()

    async def _travel(self) -> None:
        """Takes those who are there when it departs, in as many batches as they need."""
        await trio.sleep_until(self._timetable.departure_s(trio.current_time()))
        self._timetable.depart(trio.current_time())
        for _ in range(math.ceil(len(self._queue) / self.limits.batch_jobs)):
            await self._fly()
        self._timetable.arrive(trio.current_time())

    async def _fly(self) -> None:
        attachment = await self._ready()
        replica = self.follower.replica
        seen, known, history = replica.stamp, replica.version, self.follower.history
        jobs = [self._queue.popleft() for _ in range(min(len(self._queue), self.limits.batch_jobs))]
        boarding = Boarding(Overlay(replica), self._tags, self._ids, self.clock_ms(), self.limits.batch_bytes)
        flight = boarding.board(jobs)
        self._queue.extendleft(reversed(flight.left_behind))
        if flight.left_behind and flight.left_behind[0].attempts >= self.limits.attempts:
            self._settle(self._queue.popleft(), Busy("too few entity ids"))
        for job, outcome in flight.answers:
            self._settle(job, outcome)
        if not flight.ops:
            await trio.lowlevel.checkpoint()
            return
        number = self._number + 1
        epoch = attachment.head.epoch
        certain = self._certainty.of(flight.ops, seen)
        batch = assemble(flight, attachment.incarnation, number, epoch, self.limits.log_length, certain)
        started_s = trio.current_time()
        reply = await self._send(flight, batch)
        if reply is None:
            return
        self.counts.latency_s.add(trio.current_time() - started_s)
        self.counts.sizes.add(len(flight.ops))
        self._number = number
        self.counts.batches += 1
        if reply.version < known:
            # The store had more when the batch was made: it went back, and the replica is about to find out.
            await self.follower.compared()
            history = self.follower.history
        if await self.follower.reached(reply.version, history):
            self._certainty.learn(batch, reply, alone=reply.version == known + 1)
            self._land(flight, reply)
        else:
            # The batch may be lost, or not: what the answer says is no longer true of this history.
            await self._recover(flight, unanswered=True)

    async def _ready(self) -> Attachment:
        """Attached to the epoch that the replica is in, with ids and tags in hand."""
        while True:
            if self._attachment is None or self._tags.exhausted():
                await self._attach_to_what_is_there()
            attachment = self._attachment
            if attachment is None or not await self._replica_follows(attachment.head.epoch):
                self._attachment = None
                continue
            if self._ids.left <= self.limits.id_block // 2:
                await self._reserve(attachment.head.epoch)
            if self._attachment is not None:
                return attachment

    async def _attach_to_what_is_there(self) -> None:
        """Attaches anew; in another history than before, sessions' rows may be others."""
        epoch = self._epoch
        attachment = await self._attach_again()
        if attachment.head.epoch != epoch:
            for writer in list(self.writers):
                await self._refresh(writer)

    async def _replica_follows(self, epoch: str) -> bool:
        """Whether the replica is in an epoch, as soon as it was compared with the store."""
        if self.follower.replica.epoch != epoch:
            await self.follower.compared()
        return self.follower.replica.epoch == epoch

    async def _reserve(self, epoch: str) -> None:
        try:
            block = await self.store.reserve_ids(self.world, epoch, self.limits.id_block)
        except EpochChanged:
            self._attachment = None
        except StoreError as error:
            log.warning("no entity ids", world=self.world, error=str(error))
        else:
            self._ids.refill(block.first, block.end)

    async def _send(self, flight: Flight, batch: Batch) -> CommitReply | None:
        """The store's answer; None: the batch is void, and its jobs are settled or back in the queue."""
        unanswered = False
        while True:
            try:
                return await self.store.commit(self.world, batch)
            except StoreUnavailable as error:
                unanswered = True
                log.warning("commit unanswered, sending again", world=self.world, error=str(error))
                await trio.sleep(0.05)
            except (EpochChanged, UnknownIncarnation) as error:
                log.warning("commit refused", world=self.world, error=str(error))
                await self._recover(flight, unanswered=unanswered)
                return None
            except StoreError as error:
                log.error("store refuses to write", world=self.world, error=str(error))
                if not unanswered:
                    self._attachment = None
                    self._turn_away(passenger.job for passenger in flight.passengers)
                    await trio.sleep(0.1)
                    return None
                # The sending before may have taken effect: only the store's answer to this number can tell.
                await trio.sleep(0.1)

    def _land(self, flight: Flight, reply: CommitReply) -> None:
        again: list[Job] = []
        lost: set[SessionWriter | None] = set()
        committed = Committed(reply.version)
        for place, (passenger, code) in enumerate(zip(flight.passengers, reply.codes, strict=True)):
            job = passenger.job
            if code == COMMITTED:
                self._arrive(passenger, committed)
            elif code == GUARD_LOST:
                self._settle(job, Rejected(reply.version, Rejection("lease_lost", "the lease was lost")))
                lost.add(job.session)
            elif code == SESSION_MOVED and job.session not in lost:
                self._fence(job, reply, place)
            elif code == SESSION_MOVED:
                # It only fell with the one before it: that is no try of its own.
                job.attempts -= 1
                again.append(job)
            elif job.attempts >= self.limits.attempts:
                self._settle(job, Busy("too much contention"))
                lost.add(job.session)
            else:
                self.counts.conflicts += 1
                lost.add(job.session)
                again.append(job)
        self._queue.extendleft(reversed(again))

    def _arrive(self, passenger: Passenger, committed: Committed) -> None:
        if passenger.refusal is not None:
            self._settle(passenger.job, Rejected(committed.version, passenger.refusal))
            return
        if passenger.job.session is not None:
            passenger.job.session.head = passenger.head_after
        self._settle(passenger.job, committed)

    def _fence(self, job: Job, reply: CommitReply, place: int) -> None:
        assert job.session is not None
        log.info("session fenced", world=self.world, session=job.session.id, found=str(reply.heads.get(place)))
        job.session.fenced = True
        self._settle(job, Fenced())

    def _settle(self, job: Job, outcome: Outcome) -> None:
        match outcome:
            case Committed():
                self.counts.committed += 1
            case Rejected():
                self.counts.rejected += 1
            case Busy():
                self.counts.busy += 1
            case Fenced():
                self.counts.fenced += 1
            case Unknown():
                self.counts.unknown += 1
        job.settle(outcome)

    def _turn_away(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._settle(job, Busy("saving is paused"))

    async def _attach_again(self) -> Attachment:
        """Attaches, however long the store refuses to write; commands are answered busy meanwhile."""
        while True:
            try:
                return await self._attach(again=True)
            except IncompatibleWorld:
                raise
            except StoreError as error:
                log.error("store refuses a writer", world=self.world, error=str(error))
                waiting, self._queue = self._queue, deque()
                self._turn_away(waiting)
                await trio.sleep(0.2)

    async def _attach(self, *, again: bool) -> Attachment:
        """Becomes a writer of the world, perhaps again; waits while the store is away.

        Raises:
            StoreError: it refuses.
            WorldGone: the world was deleted.
        """
        while True:
            try:
                schema = self.follower.replica.schema.fingerprint
                attachment = await self.store.attach(self.world, schema, self.limits.id_block, again=again)
            except StoreUnavailable as error:
                log.warning("cannot attach", world=self.world, error=str(error))
                await trio.sleep(0.2)
            else:
                break
        self._attachment, self._epoch = attachment, attachment.head.epoch
        self._number = 0
        self._tags = TagMaker(attachment.incarnation)
        self._ids.clear()
        self._ids.refill(attachment.ids.first, attachment.ids.end)
        return attachment

    async def _recover(self, flight: Flight, *, unanswered: bool) -> None:
        """After lost or rewritten history: attaches anew, and asks each session's row what became of its commands.

        Args:
            unanswered: the batch was sent before, and that sending may have taken effect.
        """
        self.counts.recoveries += 1
        attachment = await self._attach_again()
        # A store that went back gets a new epoch now. From then on no batch of the old one can change a session's row.
        await self.follower.compared()
        if self.follower.replica.epoch != attachment.head.epoch:
            self._attachment = None
        aboard = {writer: None for passenger in flight.passengers if (writer := passenger.job.session) is not None}
        for writer in self.writers | aboard:
            await self._refresh(writer)
        version = attachment.head.version
        await self.follower.reached(version, self.follower.history)
        again = [job for passenger in flight.passengers if not self._known(job := passenger.job, version, unanswered)]
        self._queue.extendleft(reversed(again))

    async def _refresh(self, writer: SessionWriter) -> None:
        while True:
            try:
                row = await self.store.session_row(self.world, writer.id)
            except StoreError as error:
                log.warning("session unknown", world=self.world, session=writer.id, error=str(error))
                await trio.sleep(0.1)
            else:
                break
        head = unpack_head(row)
        if writer.head is not None and (head is None or head.generation != writer.head.generation):
            writer.fenced = True
        writer.head = head

    def _known(self, job: Job, version: int, unanswered: bool) -> bool:
        """Settles a job that is not to be run again: its session's row, as of ``version`` or later, tells why."""
        writer = job.session
        if writer is None:
            if unanswered:
                self._settle(job, Unknown())
            return unanswered
        if writer.fenced:
            self._settle(job, Fenced())
            return True
        if job.opens and writer.head is not None:
            self._settle(job, Committed(version))
            return True
        if job.seq and writer.head is not None and job.seq <= writer.head.seq and writer.head.took_effect(job.seq):
            self._settle(job, Committed(version))
            return True
        return False
