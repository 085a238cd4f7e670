"""One batch in the making: runs the jobs in order on an overlay and compiles their transactions.

Pure: no I/O, no waiting. A job that its rule refuses leaves the batch at once, unless the refusal rests on writes that
are not confirmed yet, or it is strict: then it flies as a transaction that only checks.
Invariant: the operations, applied one after the other, do what the rules did one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import attrs

from shared_state.batch import Batch, TxOp
from shared_state.cell import CellId
from shared_state.delta import Record, Write, encode_record
from shared_state.entity import NO_TAG, EntityId, Tag, TagMaker, blind
from shared_state.job import Job, SessionWriter
from shared_state.outcome import Committed, Fenced, Outcome, Rejected, Rejection
from shared_state.overlay import Overlay
from shared_state.schema import Kind
from shared_state.session_row import SessionHead
from shared_state.transaction import IdSource, OutOfIds, Transaction


class Passenger(NamedTuple):
    """A job in a batch: the refusal it will be answered with (None: it writes), the session head it would leave."""

    job: Job
    refusal: Rejection | None
    head_after: SessionHead | None


@attrs.define(eq=False)
class Flight:
    """Jobs and their operations, place by place; ``answers`` go out at once, ``left_behind`` wait."""

    passengers: list[Passenger] = attrs.field(factory=list)
    ops: list[TxOp] = attrs.field(factory=list)
    answers: list[tuple[Job, Outcome]] = attrs.field(factory=list)
    left_behind: list[Job] = attrs.field(factory=list)
    bytes_estimate: int = 0


@attrs.define(eq=False)
class Boarding:
    """Fills flights. ``max_bytes`` bounds the records and blobs of one batch."""

    overlay: Overlay
    tags: TagMaker
    ids: IdSource
    now_ms: int
    max_bytes: int
    flight: Flight = attrs.field(factory=Flight)
    _heads: dict[SessionWriter, SessionHead | None] = attrs.field(factory=dict)
    _checked: set[SessionWriter | None] = attrs.field(factory=set)
    _unproven: dict[CellId, list[tuple[TxOp, Tag]]] = attrs.field(factory=dict)

    def board(self, jobs: list[Job]) -> Flight:
        """Runs the jobs in order. Returns: the flight; jobs past the byte bound or without ids are left behind.

        So are those behind a check of the same session: were it to fail, they must not have taken effect before it.
        """
        for place, job in enumerate(jobs):
            if job.session in self._checked:
                self.flight.left_behind.append(job)
            elif not self._run(job):
                self.flight.left_behind += jobs[place:]
                break
        return self.flight

    def _run(self, job: Job) -> bool:
        """Runs one job; False: it must wait for the next batch."""
        if self.flight.bytes_estimate >= self.max_bytes:
            return False
        if job.session is not None and not self._may_write(job, job.session):
            self.flight.answers.append((job, Fenced()))
            return True
        tx = Transaction(self.overlay, self.tags.make(), self.now_ms, self.ids, job.cause)
        job.attempts += 1
        try:
            refusal = job.run(tx)
        except OutOfIds:
            return False
        if refusal is None and job.session is None and tx.changes_nothing and not tx.rests_on_pending:
            # A timed rule that found nothing to do is worth no version.
            self.flight.answers.append((job, Committed(self.overlay.replica.version)))
        elif refusal is None:
            self._take(job, tx)
        elif job.strict or tx.rests_on_pending:
            self._take_check(job, tx, refusal)
        else:
            self.flight.answers.append((job, Rejected(self.overlay.replica.version, refusal)))
        return True

    def _may_write(self, job: Job, session: SessionWriter) -> bool:
        head = self._heads.get(session, session.head)
        return not session.fenced and job.opens == (head is None)

    def _take(self, job: Job, tx: Transaction) -> None:
        session, expect, head = "", b"", None
        if job.session is not None:
            session = job.session.id
            before = self._heads.get(job.session, job.session.head)
            expect = before.pack() if before else b""
            head = self._heads[job.session] = job.step(before)
        moved: dict[CellId, None] = {}
        left = [self._left(tx, entity_id, value, moved) for entity_id, (value, _) in tx.writes.items()]
        op = compile_tx(tx, job, session, expect, head.pack() if head else b"", moved)
        self._prove(tx)
        for entity_id, value, cell in left:
            self.overlay.absorb(entity_id, tx.tag, value, cell)
        for cell in moved:
            if cell not in tx.scans:
                self._unproven.setdefault(cell, []).append((op, self.overlay.cell_tag(cell)))
            self.overlay.touch(cell, tx.tag)
        if tx.adds:
            self._absorb_adds(tx)
        self._append(Passenger(job, None, head), op)

    def _left(
        self, tx: Transaction, entity_id: EntityId, value: Kind | None, moved: dict[CellId, None]
    ) -> tuple[EntityId, Kind | None, CellId | None]:
        """What a write leaves, and where; cells that it changes the membership of are added to ``moved``."""
        before = self.overlay.cell(entity_id)
        after = None if value is None else tx.schema.cell_of(value)
        if before != after:
            moved.update((cell, None) for cell in (before, after) if cell is not None)
        return entity_id, value, after

    def _take_check(self, job: Job, tx: Transaction, refusal: Rejection) -> None:
        session, expect = "", b""
        if job.session is not None:
            # A session that was taken over, or has ended, is refused nothing: that is not this node's to say any more.
            session, head = job.session.id, self._heads.get(job.session, job.session.head)
            expect = head.pack() if head else b""
            self._checked.add(job.session)
        op = TxOp(session, expect, b"", b"", _flat_reads(tx), _flat_scans(tx), [], [], [], [], b"", b"")
        self._prove(tx)
        self._append(Passenger(job, refusal, None), op)

    def _prove(self, tx: Transaction) -> None:
        """Makes those of the batch who changed a cell that is scanned now depend on what they found in it.

        The tag of a pending change says who changed the cell last, not that this node knew all who were in it before:
        without this, a scan would miss whom another node brought there in the meantime.
        """
        for cell in tx.scans:
            for op, seen in self._unproven.pop(cell, ()):
                op.scans.extend((str(cell), seen))

    def _append(self, passenger: Passenger, op: TxOp) -> None:
        self.flight.passengers.append(passenger)
        self.flight.ops.append(op)
        self.flight.bytes_estimate += 2 * len(op.record) + 200

    def _absorb_adds(self, tx: Transaction) -> None:
        """Shows later transactions what the additions give, if no other node is adding meanwhile."""
        for entity_id, additions in tx.adds.items():
            probe = Transaction(self.overlay, tx.tag, tx.now_ms, self.ids)
            if self.overlay.read(entity_id)[1] is None:
                continue
            probe.add_plainly(entity_id, additions)
            value = probe.writes[entity_id][0]
            self.overlay.absorb(entity_id, tx.tag, value, self.overlay.cell(entity_id))


def compile_tx(tx: Transaction, job: Job, session: str, expect: bytes, become: bytes, moved: Iterable[CellId]) -> TxOp:
    """The operation that commits what a rule did; ``moved``: the cells whose membership it changes."""
    tag = tx.tag
    writes: list[str | bytes] = []
    record_writes = []
    for entity_id, (value, blob) in tx.writes.items():
        writes.append(str(entity_id))
        writes.append(b"" if value is None else tag + blob)
        record_writes.append(Write(entity_id, None if value is None else blob))
    record = Record(tag, session, job.seq, tx.cause, record_writes, tx.events)
    return TxOp(
        session=session,
        expect=expect,
        become=become,
        tail=job.tail,
        reads=_flat_reads(tx),
        scans=_flat_scans(tx),
        guards=[part for name, token in tx.guards.items() for part in (name, str(token))] if tx.guards else [],
        writes=writes,
        adds=_flat_adds(tx) if tx.adds else [],
        cells=list(map(str, moved)),
        tag=tag,
        record=encode_record(record),
    )


def assemble(flight: Flight, incarnation: int, number: int, epoch: str, log_length: int, certain: bytes = b"") -> Batch:
    """The batch of a flight, stamped with its first tag that writes."""
    stamp = next((op.tag for op in flight.ops if op.tag), bytes(8))
    return Batch(incarnation, number, epoch, stamp, log_length, flight.ops, certain)


def _flat_reads(tx: Transaction) -> list[str | bytes]:
    flat: list[str | bytes] = []
    for entity_id, tag in tx.reads.items():
        flat.append(str(entity_id))
        flat.append(tag)
    for entity_id in tx.adds:
        # Of an entity not seen yet the kind is unknown, and so is where the counter stands: the rule must run again.
        if entity_id not in tx.reads and tx.view.read(entity_id)[1] is None:
            flat += [str(entity_id), NO_TAG]
    return flat


def _flat_scans(tx: Transaction) -> list[str | bytes]:
    return [part for cell, tag in tx.scans.items() for part in (str(cell), tag)] if tx.scans else []


def _flat_adds(tx: Transaction) -> list[str | bytes | float]:
    flat: list[str | bytes | float] = []
    for entity_id, additions in tx.adds.items():
        seen = tx.view.read(entity_id)[0]
        for addition in additions:
            flat += [str(entity_id), addition.offset, addition.delta, addition.low, addition.high]
            flat += [seen, tx.tag, blind(tx.tag)]
            seen = tx.tag
    return flat
