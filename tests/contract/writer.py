"""Builds and sends batches as a node does: one writer of one world, with tags and numbers of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import trio

from shared_state.batch import Batch, CommitReply, TxOp
from shared_state.delta import EventOut, Record, Write, encode_record
from shared_state.entity import TagMaker
from shared_state.names import WorldName
from shared_state.session_row import SessionHead
from shared_state.store import Attachment, Store

SCHEMA = "schema-of-the-tests"
LOG_LENGTH = 1000
NOTHING = Batch(0, 0, "", b"", LOG_LENGTH, [])


@attrs.frozen
class Step:
    """How a transaction moves its session's row on; None as head: the row does not exist, or is to go."""

    session: str
    before: SessionHead | None
    after: SessionHead | None
    tail: bytes = b""


def add_op(
    entity: int, offset: int, delta: float, low: float, high: float, tags: tuple[bytes, bytes, bytes]
) -> list[Any]:
    """One addition; ``tags``: seen, to leave, to leave if another was met."""
    return [str(entity), offset, delta, low, high, *tags]


def make_op(
    tag: bytes,
    *,
    puts: Mapping[int, bytes | None] | None = None,
    reads: Mapping[int, bytes] | None = None,
    scans: Mapping[int, bytes] | None = None,
    guards: Mapping[str, int] | None = None,
    adds: Iterable[Any] = (),
    cells: Iterable[int] = (),
    step: Step | None = None,
    only_checks: bool = False,
    events: Iterable[EventOut] = (),
) -> TxOp:
    """A transaction. ``puts``: blob by entity, None deletes; ``reads`` and ``scans``: tag by entity or cell."""
    puts = puts or {}
    record = Record(
        tag, step.session if step else "", 0, b"", [Write(entity, blob) for entity, blob in puts.items()], list(events)
    )
    return TxOp(
        session=step.session if step else "",
        expect=step.before.pack() if step and step.before else b"",
        become=step.after.pack() if step and step.after else b"",
        tail=step.tail if step else b"",
        reads=_flat(reads),
        scans=_flat(scans),
        guards=[part for name, token in (guards or {}).items() for part in (name, str(token))],
        writes=[
            part for entity, blob in puts.items() for part in (str(entity), tag + blob if blob is not None else b"")
        ],
        adds=list(adds),
        cells=[str(cell) for cell in cells],
        tag=tag,
        record=b"" if only_checks else encode_record(record),
    )


def make_batch(attachment: Attachment, number: int, ops: list[TxOp], log_length: int = LOG_LENGTH) -> Batch:
    """The next batch of a writer."""
    return Batch(attachment.incarnation, number, attachment.head.epoch, ops[0].tag, log_length, ops)


@attrs.define(eq=False)
class Writer:
    """One incarnation. ``last`` is the batch that it sent last."""

    store: Store
    world: WorldName
    attachment: Attachment
    tags: TagMaker
    number: int = 0
    last: Batch = NOTHING

    @classmethod
    async def attach(cls, store: Store, world: WorldName) -> Writer:
        """A new writer of a world."""
        attachment = await store.attach(world, SCHEMA, 100)
        return cls(store, world, attachment, TagMaker(attachment.incarnation))

    def tag(self) -> bytes:
        """A tag never made before."""
        return bytes(self.tags.make())

    def op(self, **what: Any) -> TxOp:
        """A transaction under a new tag; see ``make_op``."""
        return make_op(self.tag(), **what)

    async def commit(self, *ops: TxOp, log_length: int = LOG_LENGTH, certain: bytes = b"") -> CommitReply:
        """Sends the next batch; ``certain``: of that stamp."""
        self.number += 1
        self.last = make_batch(self.attachment, self.number, list(ops), log_length)._replace(certain=certain)
        return await self.store.commit(self.world, self.last)

    async def put(self, entity: int, blob: bytes) -> bytes:
        """Writes one entity in a batch of its own. Returns: the tag it has now."""
        op = self.op(puts={entity: blob})
        reply = await self.commit(op)
        assert reply.codes == "C"
        return op.tag


@attrs.define(eq=False)
class Recorder:
    """A listener that keeps what it is told."""

    deltas: list[bytes] = attrs.field(factory=list)
    subscribed: int = 0
    _news: trio.Event = attrs.field(factory=trio.Event)

    def on_delta(self, payload: bytes) -> None:
        """Keeps a delta."""
        self.deltas.append(payload)
        self._tell()

    def on_subscribed(self) -> None:
        """Counts subscriptions."""
        self.subscribed += 1
        self._tell()

    async def until(self, deltas: int = 0, subscribed: int = 0) -> None:
        """Waits for so many deltas and subscriptions."""
        while len(self.deltas) < deltas or self.subscribed < subscribed:
            await self.news()

    async def news(self) -> None:
        """Waits for the next delta or subscription."""
        await self._news.wait()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()


def _flat(tags: Mapping[int, bytes] | None) -> list[Any]:
    return [part for name, tag in (tags or {}).items() for part in (str(name), tag)]
