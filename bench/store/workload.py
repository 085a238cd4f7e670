"""Batches as a busy world sends them: each transaction reads one entity and writes it back, for one session."""

from __future__ import annotations

import random

import attrs

from shared_state.batch import Batch, TxOp
from shared_state.delta import Record, Write, encode_record
from shared_state.entity import NO_TAG, TagMaker
from shared_state.names import WorldName
from shared_state.session_row import SessionHead, SessionTail, encode_tail
from shared_state.store import Attachment, Store

BLOB_BYTES = 30
PLAYERS = 2000
LOG_LENGTH = 10_000
SCHEMA = "bench"


@attrs.define(eq=False)
class Workload:
    """One writer of one world with ``PLAYERS`` sessions, an entity each."""

    store: Store
    world: WorldName
    attachment: Attachment
    tags: TagMaker
    rng: random.Random
    number: int = 0
    _next_player: int = 0
    _newest: bytes = b""
    _seen: dict[int, bytes] = attrs.field(factory=dict)
    _heads: dict[int, SessionHead] = attrs.field(factory=dict)

    @classmethod
    async def start(cls, store: Store, world: WorldName, seed: int) -> Workload:
        """A world in which every player is there."""
        attachment = await store.attach(world, SCHEMA, PLAYERS)
        work = cls(store, world, attachment, TagMaker(attachment.incarnation), random.Random(seed))
        for _ in range(PLAYERS // 100):
            await work.commit(100)
        return work

    async def commit(self, size: int, *, certain: bool = False) -> None:
        """Sends one batch of so many transactions, which all hold; ``certain``: and says so."""
        batch = self.make(size, certain=certain)
        reply = await self.store.commit(self.world, batch)
        if reply.codes != "C" * size:
            raise AssertionError(f"a transaction did not commit: {reply.codes}")
        self._newest = batch.stamp

    def make(self, size: int, *, certain: bool = False) -> Batch:
        """The next batch."""
        ops = [self._move() for _ in range(size)]
        self.number += 1
        attachment = self.attachment
        newest = self._newest if certain else b""
        return Batch(attachment.incarnation, self.number, attachment.head.epoch, ops[0].tag, LOG_LENGTH, ops, newest)

    def _move(self) -> TxOp:
        player = self._next_player % PLAYERS
        self._next_player += 1
        entity = self.attachment.ids.first + player
        session = f"session-{player:012d}"
        head = self._heads.get(player)
        after = head.advance(head.seq + 1) if head else SessionHead(1)
        tag = bytes(self.tags.make())
        blob = self.rng.randbytes(BLOB_BYTES)
        op = TxOp(
            session=session,
            expect=head.pack() if head else b"",
            become=after.pack(),
            tail=b"" if head else encode_tail(SessionTail(entity, "node-1", 0, bytes(32), f"player {player}")),
            reads=[str(entity), self._seen.get(entity, NO_TAG)],
            scans=[],
            guards=[],
            writes=[str(entity), tag + blob],
            adds=[],
            cells=[],
            tag=tag,
            record=encode_record(Record(tag, session, after.seq, b"", [Write(entity, blob)], [])),
        )
        self._heads[player] = after
        self._seen[entity] = tag
        return op
