"""A batch as one claim, for ``lua/commit_whole.lua``: what has to be found for all of it to commit, and what it leaves.

Most batches meet no conflict. Then the store need not look at their transactions one by one: it compares what the
batch found first of each name, and writes what it leaves last. That is a third of the work (docs/benchmarks.md).
Invariant: if the claim holds, every transaction commits, and leaves what the claim says.

Layout: MessagePack items one after the other. What the batch leaves: writer, number, number before, epoch, stamp, log
length, codes, number of records, the stamp that it is certain of; the lengths of five lists; the lists: fields and
values to put into the state, fields to drop from it, cells and tags, session fields and values, session fields to drop.
What it rests on, which the store does not look at if that stamp is the newest: tags of all entities in one text, tags
of all cells, heads of all sessions; the lengths of three lists; the lists: those entities, cells and sessions.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import attrs
import msgpack

from shared_state.batch import COMMITTED, NONE_ADDED, Batch, TxOp
from shared_state.entity import NO_TAG
from shared_state.redis.keys import SESSION_TAIL
from shared_state.redis.steps import batch_head
from shared_state.session_row import HEAD_BYTES

NO_HEAD = b"\xff" * HEAD_BYTES
"""Stands for the head of a session that has no row."""
MOST_ITEMS = 4000
"""In one list: the scripts' unpack fails near 8000."""
_TAG_BYTES = len(NO_TAG)
_SHORT_ARRAY = 16


@attrs.define(eq=False)
class Claim:
    """Grows transaction by transaction: what was found first, and what is left, by name; empty: nothing."""

    tags: dict[str, bytes] = attrs.field(factory=dict)
    cell_tags: dict[str, bytes] = attrs.field(factory=dict)
    heads: dict[str, bytes] = attrs.field(factory=dict)
    state: dict[str, bytes] = attrs.field(factory=dict)
    cells: dict[str, bytes] = attrs.field(factory=dict)
    sessions: dict[str, bytes] = attrs.field(factory=dict)
    tails: dict[str, bytes] = attrs.field(factory=dict)
    records: list[bytes] = attrs.field(factory=list)

    def take(self, op: TxOp) -> bool:
        """Adds one transaction; False: it cannot be claimed, or contradicts those before it."""
        session, expect, become, tail, reads, scans, guards, writes, adds, cells, tag, record = op
        if guards or adds or not self._finds(reads, scans):
            return False
        if session and self.sessions.get(session, self.heads.setdefault(session, expect)) != expect:
            return False
        if record:
            self.records.append(record)
            self.state.update(_pairs(writes))
            if session:
                self.sessions[session] = become
            if session and (tail or not become):
                self.tails[session + SESSION_TAIL] = tail if become else b""
            if cells:
                self.cells.update(dict.fromkeys(cells, tag))
        return True

    def _finds(self, reads: list[Any], scans: list[Any]) -> bool:
        """Whether these reads and scans are of what the transactions before left, or of what can be found first."""
        for name, tag in _pairs(reads):
            left = self.state.get(name)
            if (self.tags.setdefault(name, tag) if left is None else left[:_TAG_BYTES] or NO_TAG) != tag:
                return False
        return not scans or all(
            (self.cells.get(name) or self.cell_tags.setdefault(name, tag)) == tag for name, tag in _pairs(scans)
        )


def encode_claim(batch: Batch) -> tuple[bytes, bytes, bytes] | None:
    """The arguments of the script: claim, records, what it rests on; None: the batch must be judged step by step."""
    claim = Claim()
    if not all(map(claim.take, batch.txs)):
        return None
    puts, drops = _split(claim.state)
    rows, no_rows = _split(claim.sessions | claim.tails)
    lists = (puts, drops, _flat(claim.cells.items()), rows, no_rows)
    found = (claim.tags, claim.cell_tags, claim.heads)
    sizes, found_sizes = [len(items) for items in lists], [len(items) for items in found]
    if max(*sizes, *found_sizes) > MOST_ITEMS:
        return None
    texts = (
        b"".join(claim.tags.values()),
        b"".join(claim.cell_tags.values()),
        b"".join([head or NO_HEAD for head in claim.heads.values()]),
    )
    head = (*batch_head(batch), COMMITTED * len(batch.txs), len(claim.records), batch.certain, *sizes)
    leaves = _pack([*head, *chain.from_iterable(lists)])
    rests = _pack([*texts, *found_sizes, *chain.from_iterable(found)])
    return leaves, NONE_ADDED.join([*claim.records, b""]), rests


def _pack(items: list[Any]) -> bytes:
    """The items one after the other, packed at one go as an array, without its head."""
    packed: bytes = msgpack.packb(items, use_bin_type=False)
    return packed[1 if len(items) < _SHORT_ARRAY else 3 :]


def _pairs(flat: list[Any]) -> Iterable[tuple[str, bytes]]:
    items = iter(flat)
    return zip(items, items, strict=True)


def _split(left: dict[str, bytes]) -> tuple[list[Any], list[str]]:
    """What is to be put (field, value, ...), and the fields that are to go."""
    if all(left.values()):
        return _flat(left.items()), []
    return _flat(item for item in left.items() if item[1]), [name for name, value in left.items() if not value]


def _flat(pairs: Iterable[tuple[str, bytes]]) -> list[Any]:
    return list(chain.from_iterable(pairs))
