"""The stored row of a session: who may write for it, and which of its commands took effect.

The head is compared as bytes inside the commit script: a command commits only if the head is the one its node saw.
``generation`` changes with every resume and so fences the node before; ``seq`` is the last command that committed and
``mask`` tells, for that one (bit 0) and the 63 before it, which ones did: a resent command gets its true answer.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import msgspec

_HEAD = struct.Struct(">IQQ")
HEAD_BYTES = _HEAD.size
WINDOW = 64
_MASK = (1 << WINDOW) - 1


class SessionHead(NamedTuple):
    """Generation, last committed sequence number, and the outcomes of the last 64."""

    generation: int
    seq: int = 0
    mask: int = 0

    def advance(self, seq: int) -> SessionHead:
        """The head after command ``seq`` (above ``self.seq``) committed; those between did not."""
        shift = seq - self.seq
        mask = (self.mask << shift if shift < WINDOW else 0) | 1
        return SessionHead(self.generation, seq, mask & _MASK)

    def took_effect(self, seq: int) -> bool:
        """Whether a command at or below ``self.seq``, and at most 63 back, committed."""
        return bool(self.mask >> (self.seq - seq) & 1)

    def pack(self) -> bytes:
        """Twenty bytes, as stored."""
        return _HEAD.pack(self.generation, self.seq, self.mask)


class SessionTail(msgspec.Struct, array_like=True, frozen=True):
    """The rest of the row: avatar, node that serves it, when it went away (ms since 1970; 0: it is here).

    ``player``: whose it is, by credentials; empty: of whoever has the secret.
    """

    entity: int
    node: str
    away_since_ms: int = 0
    secret_hash: bytes = b""
    name: str = ""
    player: str = ""


_encode_tail = msgspec.msgpack.Encoder().encode
_decode_tail = msgspec.msgpack.Decoder(SessionTail).decode


def unpack_head(row: bytes) -> SessionHead | None:
    """The head of a stored row; None for an empty one. Raises: ValueError, when it is too short."""
    if not row:
        return None
    if len(row) < HEAD_BYTES:
        raise ValueError(f"a session row of {len(row)} bytes has no head")
    return SessionHead(*_HEAD.unpack_from(row))


def encode_tail(tail: SessionTail) -> bytes:
    """The stored form of a tail."""
    return _encode_tail(tail)


def unpack_row(row: bytes) -> tuple[SessionHead, SessionTail]:
    """Head and tail of a stored row. Raises: ValueError, when it is neither."""
    head = unpack_head(row)
    if head is None:
        raise ValueError("the session has no row")
    return head, _decode_tail(row[HEAD_BYTES:])
