"""What a writer is sure of while nobody else commits: then the store need not compare what a batch rests on.

How it works: a batch rests on tags and on heads of sessions. Tags the replica has as of its newest version; heads this
writer knows of the sessions that it committed for, as long as all batches since were its own. So a batch may name the
replica's stamp. If that still is the newest in the store, nothing has changed since, and all holds. What only the
store can tell, leases and the outcome of additions, is never certain.
Must not know: the store, tasks. Invariant: a stamp is named only if all that the batch rests on is as of that batch.
"""

from __future__ import annotations

import attrs

from shared_state.batch import COMMITTED, Batch, CommitReply, TxOp
from shared_state.position import NO_STAMP

UNSURE = b""


@attrs.define(eq=False)
class Certainty:
    """The heads of sessions that one writer's own batches left, as of the newest batch, which is its own too."""

    _heads: dict[str, bytes] = attrs.field(factory=dict)
    _stamp: bytes = NO_STAMP

    def of(self, ops: list[TxOp], stamp: bytes) -> bytes:
        """The stamp under which transactions surely hold: the replica's, which they were made on; or ``UNSURE``."""
        if stamp != self._stamp:
            # Another writer has committed: who knows for which sessions.
            self._heads.clear()
            self._stamp = stamp
        left: dict[str, bytes] = {}
        for op in ops:
            session = op.session
            if op.guards or op.adds or (session and left.get(session, self._heads.get(session)) != op.expect):
                return UNSURE
            if op.record:
                left[session] = op.become
        return stamp

    def learn(self, batch: Batch, reply: CommitReply, *, alone: bool) -> None:
        """Takes in what came of a batch; ``alone``: it is the one after that which ``of`` was last asked about."""
        moved = [op for op, code in zip(batch.txs, reply.codes, strict=True) if code == COMMITTED and op.record]
        if not moved:
            return
        if not alone:
            self._heads.clear()
        for op in moved:
            if op.become:
                self._heads[op.session] = op.become
            else:
                self._heads.pop(op.session, None)
        self._stamp = batch.stamp
