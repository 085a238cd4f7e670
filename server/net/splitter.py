"""Parts a client's bytes into fast messages and everything unusual.

Complete, unfragmented data frames come out as payloads. Everything else comes out as ``Raw`` bytes, in order, for a
full implementation of the protocol: control frames whole, fragmented messages piece by piece, and from the first frame
that breaks a rule on all that follows, so that one judge words the verdict. Pure: no I/O, no clock.
Invariant: at most one message (plus what one feed brought) is held, and its size is bounded in bytes, not characters.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

import attrs

from server.net.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FINAL,
    MAX_CONTROL_BYTES,
    OPCODES,
    SHORT,
    TEXT,
    is_utf8,
    unmask,
)

_TEXT_HEAD: Final = FINAL | TEXT
_BINARY_HEAD: Final = FINAL | BINARY


class TooBig(enum.Enum):
    """A message above the limit began; its bytes are skipped, and so is all later data."""

    TOO_BIG = enum.auto()


TOO_BIG: Final = TooBig.TOO_BIG


@attrs.frozen
class Raw:
    """Bytes for the full implementation: one whole control frame, a piece of a data frame, or a rule broken.

    Args:
        data: as received.
        opcode: of the frame; None after a broken rule.
        ends_message: these are the last bytes of a fragmented message.
    """

    data: bytes
    opcode: int | None
    ends_message: bool = False


class _Head(NamedTuple):
    first: int
    mask_at: int
    size: int

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def is_final(self) -> bool:
        return self.first >= FINAL


class _Broken(enum.Enum):
    BROKEN = enum.auto()


class _Mode(enum.Enum):
    FRAMES = enum.auto()
    # The peer broke a rule: frame boundaries mean nothing any more.
    BROKEN = enum.auto()
    # The peer said Close: nothing may follow.
    CLOSED = enum.auto()


class FrameSplitter:
    """Feed it received bytes, then take what is ready with ``take`` until it gives None.

    ``is_text`` tells the kind of frame that the last message came in.

    Args:
        max_message_bytes: the largest payload, fragments together.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_fragments_bytes",
        "_idle",
        "_max",
        "_mode",
        "_run",
        "_skip",
        "_skips_data",
        "is_text",
    )

    def __init__(self, max_message_bytes: int) -> None:
        self.is_text = False
        self._idle = True
        self._max = max_message_bytes
        self._buffer = bytearray()
        self._at = 0
        self._mode = _Mode.FRAMES
        self._fragments_bytes: int | None = None
        self._run: tuple[int, Raw] | None = None
        self._skip = 0
        self._skips_data = False

    @property
    def saw_close(self) -> bool:
        """The peer said Close: nothing follows."""
        return self._mode is _Mode.CLOSED

    def whole(self, data: bytes) -> bytes | None:
        """The payload, if nothing is pending and ``data`` is exactly one short data frame; else None: feed it."""
        if not self._idle or len(data) < 6:
            return None
        first, second = data[0], data[1]
        if (first != _BINARY_HEAD and first != _TEXT_HEAD) or not 0x80 <= second < 0x80 | SHORT:
            return None
        size = second & 0x7F
        if len(data) != size + 6 or size > self._max:
            return None
        payload = unmask(data, 2, size)
        self.is_text = first == _TEXT_HEAD
        return None if self.is_text and not is_utf8(payload) else payload

    def feed(self, data: bytes) -> None:
        """Adds received bytes."""
        self._buffer += data
        self._idle = False

    def take(self) -> bytes | Raw | TooBig | None:
        """The next thing in order: a message's payload, raw bytes, an oversize message, or None for "feed me"."""
        part = self._take()
        if part is None:
            self._settle()
        return part

    def _take(self) -> bytes | Raw | TooBig | None:
        if self._run is not None:
            return self._continue_run(*self._run)
        while self._mode is _Mode.FRAMES:
            self._skip_some()
            head = self._read_head()
            if head is None:
                return None
            if isinstance(head, _Broken):
                return self._give_up()
            if not self._skips_data or head.opcode >= CLOSE:
                return self._dispatch(head)
            self._skip = self._frame_bytes(head)
        return self._after_frames()

    def _dispatch(self, head: _Head) -> bytes | Raw | TooBig | None:
        if head.opcode >= CLOSE:
            return self._take_control(head)
        if (self._fragments_bytes or 0) + head.size > self._max:
            self._skips_data = True
            self._skip = self._frame_bytes(head)
            return TOO_BIG
        if head.is_final and head.opcode != CONTINUATION:
            return self._take_message(head)
        return self._take_fragment(head)

    def _take_message(self, head: _Head) -> bytes | Raw | None:
        end = head.mask_at + 4 + head.size
        if end > len(self._buffer):
            return None
        payload = unmask(self._buffer, head.mask_at, head.size)
        self.is_text = head.opcode == TEXT
        if self.is_text and not is_utf8(payload):
            return self._give_up()
        self._at = end
        return payload

    def _take_control(self, head: _Head) -> Raw | None:
        end = head.mask_at + 4 + head.size
        if end > len(self._buffer):
            return None
        if head.opcode == CLOSE:
            self._mode = _Mode.CLOSED
        return Raw(self._cut(end), head.opcode)

    def _take_fragment(self, head: _Head) -> Raw | None:
        self._fragments_bytes = None if head.is_final else (self._fragments_bytes or 0) + head.size
        return self._continue_run(self._frame_bytes(head), Raw(b"", head.opcode, head.is_final))

    def _continue_run(self, left: int, like: Raw) -> Raw | None:
        """Passes on what has arrived of a frame that has ``left`` bytes to come."""
        end = min(len(self._buffer), self._at + left)
        if end == self._at:
            return None
        left -= end - self._at
        self._run = (left, like) if left else None
        return Raw(self._cut(end), like.opcode, like.ends_message and not left)

    def _frame_bytes(self, head: _Head) -> int:
        return head.mask_at + 4 - self._at + head.size

    def _skip_some(self) -> None:
        skipped = min(self._skip, len(self._buffer) - self._at)
        self._at += skipped
        self._skip -= skipped

    def _give_up(self) -> Raw:
        self._mode = _Mode.BROKEN
        return Raw(self._cut(len(self._buffer)), None)

    def _after_frames(self) -> Raw | None:
        rest = self._cut(len(self._buffer))
        return Raw(rest, None) if rest and self._mode is _Mode.BROKEN else None

    def _cut(self, end: int) -> bytes:
        data = bytes(memoryview(self._buffer)[self._at : end])
        self._at = end
        return data

    def _settle(self) -> None:
        """Forgets what was taken; without a remainder the next feed may be judged by ``whole``."""
        if self._at == len(self._buffer):
            self._buffer = bytearray()
        else:
            del self._buffer[: self._at]
        self._at = 0
        resting = not self._buffer and self._run is None and not self._skip
        self._idle = resting and self._mode is _Mode.FRAMES and self._fragments_bytes is None and not self._skips_data

    def _read_head(self) -> _Head | _Broken | None:
        """Head of the frame at hand; None while too little of it has arrived to judge."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < 2:
            return None
        first, second = buffer[at], buffer[at + 1]
        if self._breaks_rule(first, second):
            return _Broken.BROKEN
        size, mask_at = second & 0x7F, at + 2
        if size >= SHORT:
            mask_at += 2 if size == 126 else 8
            size = int.from_bytes(buffer[at + 2 : mask_at], "big")
        if len(buffer) < mask_at + 4:
            return None
        if not _is_shortest(second & 0x7F, size):
            return _Broken.BROKEN
        return _Head(first, mask_at, size)

    def _breaks_rule(self, first: int, second: int) -> bool:
        opcode, is_final, is_masked = first & 0x0F, first >= FINAL, second >= 0x80
        if first & 0x70 or opcode not in OPCODES or not is_masked:
            return True
        if opcode >= CLOSE:
            return not is_final or second & 0x7F > MAX_CONTROL_BYTES
        return (opcode == CONTINUATION) != (self._fragments_bytes is not None) and not self._skips_data


def _is_shortest(announced: int, size: int) -> bool:
    """A length stands in its shortest form, and its top bit is clear."""
    if announced < SHORT:
        return True
    return size >= SHORT if announced == 126 else 1 << 16 <= size < 1 << 63
