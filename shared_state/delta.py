"""What a commit publishes: the absolute contents that a batch of transactions wrote.

How it works: the writer packs one ``Record`` per transaction; the commit script joins those that it accepts into one
``Delta``, adds what ``add`` produced, and publishes and logs the bytes. Contents are absolute, so applying a delta
again, or on top of a newer snapshot, heals instead of harming.
Invariant: ``decode_delta`` takes what the commit scripts build from ``encode_record``; other bytes raise
UndecodableDelta.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared_state.errors import UndecodableDelta


class Write(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """New content of an entity; no blob: it was deleted."""

    id: int
    blob: bytes | None


class Added(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What an ``add`` left: the tag and the whole content, made by the store."""

    id: int
    tag: bytes
    blob: bytes


class EventOut(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An event of a transaction: name, cell it is seen from (0: everywhere), session it is for (empty: all), body."""

    name: str
    cell: int
    session: str
    body: Any


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One committed transaction.

    ``tag`` marks all that it wrote. ``session`` and ``seq`` name the command (empty and 0 for timed rules).
    ``cause`` holds what a verifier needs, besides the tag, to run the rule again (``server/session/cause.py``).
    ``added`` is last: the commit script appends it.
    """

    tag: bytes
    session: str
    seq: int
    cause: bytes
    writes: list[Write]
    events: list[EventOut]
    added: list[Added] = []


class Delta(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One batch: the records it committed, in order, as version ``version`` of ``epoch``.

    ``previous`` is the stamp of the version before: a chain that two diverged histories cannot share.
    """

    epoch: str
    version: int
    previous: bytes
    stamp: bytes
    records: list[Record]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Delta).decode


def encode_record(record: Record) -> bytes:
    """A record without its last field, ready for the commit script to complete."""
    return _encode(record)[:-1]


def encode_delta(delta: Delta) -> bytes:
    """The bytes of a whole delta, as the script builds them."""
    return _encode(delta)


def decode_delta(payload: bytes) -> Delta:
    """A published or logged delta. Raises: UndecodableDelta."""
    try:
        return _decode(payload)
    except (ValueError, RecursionError) as error:
        raise UndecodableDelta(str(error)) from None
