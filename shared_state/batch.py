"""The commit format: what a writer sends to the store as one atomic call, and what it gets back.

The layout is read by ``store_model.py`` (the specification) and by ``redis/lua/commit.lua``. It is one MessagePack
array, so that both sides parse it in C, and it is flat: a table per transaction and list would double what the script
spends on parsing. Order: the fields of ``Batch`` before its lists, the lengths of its five lists, the four lists of
names; then each transaction: session, expect, become, tail, tag, record, the lengths of its six lists, and the lists.
The script's MessagePack library knows no binary type: texts and bytes both travel as its raw type (so not by msgspec).
Values in ``TxOp.writes`` are tag and blob together, as stored; an empty one deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import attrs
import msgpack

from shared_state.session_row import SessionHead

COMMITTED = "C"
CONFLICT = "R"
SESSION_MOVED = "S"
GUARD_LOST = "G"
TARGET_GONE = "A"


class TxOp(NamedTuple):
    """One transaction of a batch.

    Args:
        session: whose command it is; empty for timed rules.
        expect: head of the session's row as the writer knows it; empty: the row must not exist.
        become: the head it gets; empty: the row is deleted.
        tail: the rest of the row; empty: unchanged.
        reads: id, tag, id, tag, ... : each entity must carry that tag.
        scans: cell, tag, cell, tag, ... : each cell must carry that tag.
        guards: lease name, fencing token (as text), ... : each must be held now.
        writes: id, stored value, ...
        adds: id, offset, delta, low, high, tag seen, tag to leave, tag to leave if another was met, ...
        cells: cells whose membership it changes.
        tag: the tag it leaves on these cells.
        record: what the delta says of it, without its last field; empty: it only checks.
    """

    session: str
    expect: bytes
    become: bytes
    tail: bytes
    reads: list[Any]
    scans: list[Any]
    guards: list[Any]
    writes: list[Any]
    adds: list[Any]
    cells: list[Any]
    tag: bytes
    record: bytes


class Batch(NamedTuple):
    """One atomic commit.

    ``number`` counts the batches of one ``incarnation`` from 1: the store keeps the last number and its result, so
    that a resent batch is answered, not applied. Both are 8-byte big-endian texts; ``before`` is the number before.
    ``ids``, ``cell_ids``, ``sessions`` and ``leases`` name all that the transactions look at, each once.
    """

    incarnation: str
    number: bytes
    before: bytes
    epoch: str
    stamp: bytes
    log_length: int
    ids: list[str]
    cell_ids: list[str]
    sessions: list[str]
    leases: list[str]
    txs: list[TxOp]


@attrs.frozen
class CommitReply:
    """Outcome of a batch: one code per transaction.

    ``version`` is the version it became, or the store's version when nothing in it committed: once a replica has
    reached it, a conflicting rule may run again. ``heads`` gives, by place in the batch, the session heads that the
    store has instead of the expected ones.
    """

    version: int
    codes: str
    heads: dict[int, SessionHead | None]


def encode_batch(batch: Batch) -> bytes:
    """The one argument of the commit script."""
    incarnation, number, before, epoch, stamp, log_length, ids, cell_ids, sessions, leases, txs = batch
    items: list[Any] = [incarnation, number, before, epoch, stamp, log_length]
    items += (len(ids), len(cell_ids), len(sessions), len(leases), len(txs))
    for names in (ids, cell_ids, sessions, leases):
        items += names
    for session, expect, become, tail, reads, scans, guards, writes, adds, cells, tag, record in txs:
        items += (session, expect, become, tail, tag, record)
        items += (len(reads), len(scans), len(guards), len(writes), len(adds), len(cells))
        for values in (reads, scans, guards, writes, adds, cells):
            items += values
    packed: bytes = msgpack.packb(items, use_bin_type=False)
    return packed


def decode_batch(data: bytes) -> Batch:
    """A batch from its bytes; for the model store and for tests."""
    items = iter(msgpack.unpackb(data, raw=True))
    incarnation, number, before, epoch, stamp, log_length, *sizes, transactions = islice(items, 11)
    ids, cell_ids, sessions, leases = ([name.decode() for name in islice(items, size)] for size in sizes)
    txs = [_decode_op(items) for _ in range(transactions)]
    return Batch(
        incarnation.decode(), number, before, epoch.decode(), stamp, log_length, ids, cell_ids, sessions, leases, txs
    )


def _decode_op(items: Iterator[Any]) -> TxOp:
    session, expect, become, tail, tag, record, *sizes = islice(items, 12)
    reads, scans, guards, writes, adds, cells = (list(islice(items, size)) for size in sizes)
    return TxOp(
        session=session.decode(),
        expect=expect,
        become=become,
        tail=tail,
        reads=_named(reads, 2),
        scans=_named(scans, 2),
        guards=_named(guards, 1),
        writes=_named(writes, 2),
        adds=_named(adds, 8),
        cells=_named(cells, 1),
        tag=tag,
        record=record,
    )


def _named(flat: list[Any], step: int) -> list[Any]:
    """A flat list whose every ``step``-th item, from the first, is a name."""
    return [part if place % step else part.decode() for place, part in enumerate(flat)]


def batch_number(number: int) -> bytes:
    """A batch number as the script compares it."""
    return number.to_bytes(8, "big")
