"""A batch step by step, for ``lua/commit_each.lua``, which judges each of its transactions.

What the script spends goes with the values that it makes and the bytes in them. So the operations are one flat
MessagePack array, and names stand in it once: transactions refer to them by place, from 1. Order: writer, number,
number before, epoch, stamp, log length; the lengths of the four lists of names (entities, cells, sessions, leases) and
the number of transactions; the lists; then each transaction: place of the session (0: none), expect, become, length of
its record, lengths of reads and writes, 1 if more follows, reads, writes. More is: the lengths of guards, scans, adds
and cells, tail, tag, and the four lists. The records stand apart, one after the other and complete as if nothing were
added: the script publishes them as one piece if all commit.
The script's MessagePack library knows no binary type: texts and bytes both travel as its raw type (so not by msgspec).
"""

from __future__ import annotations

from typing import Any

import msgpack

from shared_state.batch import ADD_FIELDS, NONE_ADDED, Batch

_NUMBER_BYTES = 8


def encode_steps(batch: Batch) -> tuple[bytes, bytes]:
    """The two arguments of the script: operations and records."""
    ids: dict[str, int] = {}
    cells: dict[str, int] = {}
    sessions: dict[str, int] = {}
    leases: dict[str, int] = {}
    body: list[Any] = []
    records: list[bytes] = []
    for op in batch.txs:
        record = op.record + NONE_ADDED if op.record else b""
        records.append(record)
        session = sessions.setdefault(op.session, len(sessions) + 1) if op.session else 0
        rare = 1 if op.guards or op.scans or op.adds or op.cells or op.tail else 0
        body += (session, op.expect, op.become, len(record), len(op.reads), len(op.writes), rare)
        _put(body, op.reads, 2, ids)
        _put(body, op.writes, 2, ids)
        if rare:
            body += (len(op.guards), len(op.scans), len(op.adds), len(op.cells), op.tail, op.tag)
            _put(body, op.guards, 2, leases)
            _put(body, op.scans, 2, cells)
            _put(body, op.adds, ADD_FIELDS, ids)
            _put(body, op.cells, 1, cells)
    sizes = (len(ids), len(cells), len(sessions), len(leases), len(batch.txs))
    operations: bytes = msgpack.packb(
        [*batch_head(batch), *sizes, *ids, *cells, *sessions, *leases, *body], use_bin_type=False
    )
    return operations, b"".join(records)


def batch_head(batch: Batch) -> tuple[str | bytes | int, ...]:
    """Writer, number, number before, epoch, stamp, log length; numbers as the scripts compare them."""
    number, before = (n.to_bytes(_NUMBER_BYTES, "big") for n in (batch.number, batch.number - 1))
    return f"b:{batch.incarnation}", number, before, batch.epoch, batch.stamp, batch.log_length


def _put(body: list[Any], flat: list[Any], step: int, places: dict[str, int]) -> None:
    """Appends a list whose every ``step``-th item is a name, with the names' places instead."""
    if flat:
        start = len(body)
        body += flat
        for at in range(start, len(body), step):
            body[at] = places.setdefault(body[at], len(places) + 1)
