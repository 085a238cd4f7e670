"""What a writer sends to the store as one atomic call, and what it gets back.

Values only: ``store_model.py`` says what the store does with them, ``redis/claim.py`` and ``redis/steps.py`` how they
travel. Invariant: a transaction stands on what those before it in the batch leave, not only on the store.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import attrs

from shared_state.session_row import SessionHead

COMMITTED = "C"
CONFLICT = "R"
SESSION_MOVED = "S"
GUARD_LOST = "G"
TARGET_GONE = "A"

ADD_FIELDS = 8
NONE_ADDED = b"\x90"
"""The last field of a record to which the store adds nothing."""


class TxOp(NamedTuple):
    """One transaction of a batch; its lists are flat. Of a check, which writes nothing, the record is empty.

    Args:
        session: whose head it moves; empty: nobody's.
        expect: the head as it must be; empty: no row.
        become: the head afterwards; empty: the row is deleted.
        tail: the rest of the row; empty: unchanged.
        reads: id, tag, id, tag, ... : each entity must carry that tag.
        scans: cell, tag, cell, tag, ... : each cell must carry that tag.
        guards: lease name, fencing token (as text), ... : each must be held now.
        writes: id, stored value (tag and blob together; empty deletes), ...
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
    that a resent batch is answered, not applied.

    ``certain``: a stamp. If it is the world's newest, all transactions hold, and the store may trust that
    (``certainty.py``); empty: they have to be judged.
    """

    incarnation: int
    number: int
    epoch: str
    stamp: bytes
    log_length: int
    txs: list[TxOp]
    certain: bytes = b""


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
