"""Where replies of a store end, in a stream of bytes: enough of RESP3 to cut between them. Pure.

Source: the RESP specification of redis.io. Nothing is decoded.
"""

from __future__ import annotations

_LINES = b"+-:,#_("
_BLOBS = b"$=!"
_AGGREGATES = {ord("*"): 1, ord(">"): 1, ord("~"): 1, ord("%"): 2, ord("|"): 2}
_DELTA_STARTS = (b">3\r\n$7\r\nmessage\r\n", b">3\r\n$8\r\nsmessage\r\n")


def reply_end(data: bytes | bytearray, at: int) -> int | None:
    """Where the reply that begins at ``at`` ends; None: not all of it is there. Raises: ValueError, for other bytes."""
    line_end = data.find(b"\r\n", at)
    if line_end < 0:
        return None
    kind, after = data[at], line_end + 2
    if kind in _LINES:
        return after
    if kind in _BLOBS:
        size = int(data[at + 1 : line_end])
        end = after + size + 2 if size >= 0 else after
        return end if end <= len(data) else None
    if kind not in _AGGREGATES:
        raise ValueError(f"no reply begins with {bytes((kind,))!r}")
    # An attribute is followed by the reply that it belongs to.
    count = int(data[at + 1 : line_end]) * _AGGREGATES[kind] + (kind == ord("|"))
    return _skip(data, after, count)


def _skip(data: bytes | bytearray, at: int, count: int) -> int | None:
    for _ in range(count):
        end = reply_end(data, at)
        if end is None:
            return None
        at = end
    return at


def is_delta(reply: bytes) -> bool:
    """Whether it is a published message."""
    return reply.startswith(_DELTA_STARTS)
