"""The commit format: what a writer sends to the store as one atomic call, and what it gets back.

The layout is read by ``store_model.py`` (the specification) and by ``redis/lua/commit.lua``. What the script spends
goes with the number of values and tables that it makes, so it is one flat MessagePack array, and names stand in it
once: transactions refer to them by place, from 1. Order: the fields of ``Batch`` before its lists, the lengths of its
five lists, the four lists of names; then each transaction: place of the session (0: none), expect, become, tail, tag,
record, the lengths of its six lists, and the lists in the order of their fields.
The script's MessagePack library knows no binary type: texts and bytes both travel as its raw type (so not by msgspec).
Values in ``TxOp.writes`` are tag and blob together, as stored; an empty one deletes.
"""

from __future__ import annotations

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

ADD_FIELDS = 8


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
        tag: the tag it leaves on these cells; not sent when there are none.
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
    ``ids``, ``cell_ids``, ``sessions`` and ``leases`` name what the transactions refer to, each once.
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
    ids, cells, sessions, leases = (_places(names) for names in batch[6:10])
    body: list[Any] = []
    for op in batch.txs:
        session = sessions.setdefault(op.session, len(sessions) + 1) if op.session else 0
        body += (session, op.expect, op.become, op.tail, op.tag if op.cells else b"", op.record)
        body += (len(op.reads), len(op.scans), len(op.guards), len(op.writes), len(op.adds), len(op.cells))
        _put(body, op.reads, 2, ids)
        _put(body, op.scans, 2, cells)
        _put(body, op.guards, 2, leases)
        _put(body, op.writes, 2, ids)
        _put(body, op.adds, ADD_FIELDS, ids)
        _put(body, op.cells, 1, cells)
    sizes = (len(ids), len(cells), len(sessions), len(leases), len(batch.txs))
    packed: bytes = msgpack.packb([*batch[:6], *sizes, *ids, *cells, *sessions, *leases, *body], use_bin_type=False)
    return packed


def decode_batch(data: bytes) -> Batch:
    """A batch from its bytes; for the model store and for tests."""
    items = iter(msgpack.unpackb(data, raw=True))
    incarnation, number, before, epoch, stamp, log_length, *sizes, transactions = islice(items, 11)
    ids, cells, sessions, leases = ([name.decode() for name in islice(items, size)] for size in sizes)
    txs = []
    for _ in range(transactions):
        session, expect, become, tail, tag, record, *lengths = islice(items, 12)
        reads, scans, guards, writes, adds, moves = (list(islice(items, length)) for length in lengths)
        op = TxOp(
            session=sessions[session - 1] if session else "",
            expect=expect,
            become=become,
            tail=tail,
            reads=_named(reads, 2, ids),
            scans=_named(scans, 2, cells),
            guards=[part if place % 2 == 0 else part.decode() for place, part in enumerate(_named(guards, 2, leases))],
            writes=_named(writes, 2, ids),
            adds=_named(adds, ADD_FIELDS, ids),
            cells=_named(moves, 1, cells),
            tag=tag,
            record=record,
        )
        txs.append(op)
    header = (incarnation.decode(), number, before, epoch.decode(), stamp, log_length)
    return Batch(*header, ids, cells, sessions, leases, txs)


def _places(names: list[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names, 1)}


def _put(body: list[Any], flat: list[Any], step: int, places: dict[str, int]) -> None:
    """Appends a list whose every ``step``-th item is a name, with the names' places instead."""
    if flat:
        start = len(body)
        body += flat
        for at in range(start, len(body), step):
            body[at] = places.setdefault(body[at], len(places) + 1)


def _named(flat: list[Any], step: int, names: list[str]) -> list[Any]:
    """A list with names again where places are."""
    for at in range(0, len(flat), step):
        flat[at] = names[flat[at] - 1]
    return flat


def batch_number(number: int) -> bytes:
    """A batch number as the script compares it."""
    return number.to_bytes(8, "big")
