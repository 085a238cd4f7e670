"""Checks taken out, one each: the simulation has to notice that they are missing."""

from __future__ import annotations

from collections.abc import Callable, Collection

import attrs

from shared_state.batch import Batch, TxOp
from shared_state.certainty import Certainty
from shared_state.delta import Delta
from shared_state.names import LeaseName, WorldName
from shared_state.replica import Fit, Replica
from shared_state.session_row import HEAD_BYTES
from shared_state.store_model import Lease, ModelStore, ModelWorld


def no_tags(_world: ModelWorld, batch: Batch) -> Batch:
    """Whatever a transaction has read may have changed."""
    return batch._replace(txs=[op._replace(reads=[], scans=[]) for op in batch.txs])


def no_session_heads(world: ModelWorld, batch: Batch) -> Batch:
    """Any node may write for a session, any number, any time."""
    heads: dict[str, bytes] = {}

    def lenient(op: TxOp) -> TxOp:
        found = heads.get(op.session, world.sessions.get(op.session, b"")[:HEAD_BYTES])
        heads[op.session] = op.become
        return op._replace(expect=found)

    return batch._replace(txs=[lenient(op) if op.session else op for op in batch.txs])


def no_leases(_world: ModelWorld, batch: Batch) -> Batch:
    """Who lost a lease may write under it."""
    return batch._replace(txs=[op._replace(guards=[]) for op in batch.txs])


def always_certain(_self: Certainty, _ops: list[TxOp], stamp: bytes) -> bytes:
    """A writer that takes what it last heard of a session for what the store has."""
    return stamp


def without_gaps(fit: Callable[[Replica, Delta], Fit]) -> Callable[[Replica, Delta], Fit]:
    """A replica that takes a delta too far ahead for the next one."""

    def careless(replica: Replica, delta: Delta) -> Fit:
        found = fit(replica, delta)
        return Fit.NEXT if found is Fit.GAP else found

    return careless


def counted_tokens(model: ModelStore, world: WorldName, name: LeaseName, owner: str, ttl_us: int) -> int | None:
    """Tokens that are counted: a store that goes back gives them again."""
    now_us = model.now_us()
    row = model.leases.get((world, name), Lease(0, 0, ""))
    if row.expiry_us > now_us and row.owner != owner:
        return None
    model.leases[world, name] = attrs.evolve(row, token=row.token + 1, expiry_us=now_us + ttl_us, owner=owner)
    return row.token + 1


async def nobody_lives(_leader: object) -> Collection[str] | None:
    """The owners that live, as a directory knows them that forgot all."""
    return ()
