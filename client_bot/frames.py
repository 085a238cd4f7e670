"""Picks the plain data frames out of what a server sends, and builds those that a client sends. Pure.

How it works: after the handshake's answer, a complete, unfragmented data frame is taken out; everything else (the
answer itself, control frames) is passed on, in order, to a full WebSocket implementation. The first data that is not
plain (a fragment, an extension, a mask, an oversized frame) ends the picking for good, so that no message overtakes
another. Invariant: whatever the chunks, payloads and passed bytes are the same, and no byte is lost or doubled.
"""

from __future__ import annotations

import struct
from enum import Enum, auto

import attrs

FINAL, RESERVED, OPCODE = 0x80, 0x70, 0x0F
MASKED, LENGTH = 0x80, 0x7F
TEXT, BINARY, CONTROL = 0x1, 0x2, 0x8
LONGEST_HEAD_BYTES = 64 << 10
SWITCHING = b"HTTP/1.1 101"
END_OF_HEAD = b"\r\n\r\n"


class Mode(Enum):
    """What the next bytes are."""

    ANSWER = auto()
    FRAMES = auto()
    PASSING = auto()


@attrs.define(eq=False)
class Splitter:
    """One direction of one connection, from the server.

    Args:
        longest_bytes: larger payloads are left to the full implementation, which refuses them.
    """

    longest_bytes: int
    _mode: Mode = attrs.field(default=Mode.ANSWER, init=False)
    _kept: bytearray = attrs.field(factory=bytearray, init=False)

    def feed(self, data: bytes | bytearray, payloads: list[bytes]) -> bytes:
        """Appends the payloads that are complete now to ``payloads``; returns the bytes to pass on."""
        if self._mode is Mode.PASSING:
            return bytes(data)
        self._kept += data
        passed = bytearray()
        if self._mode is Mode.ANSWER:
            self._mode = self._take_answer(passed)
        if self._mode is Mode.FRAMES:
            self._mode = self._take_frames(payloads, passed)
        if self._mode is Mode.PASSING:
            passed += self._kept
            self._kept.clear()
        return bytes(passed)

    def _take_answer(self, passed: bytearray) -> Mode:
        end = self._kept.find(END_OF_HEAD)
        if end < 0:
            return Mode.ANSWER if len(self._kept) <= LONGEST_HEAD_BYTES else Mode.PASSING
        mode = Mode.FRAMES if self._kept.startswith(SWITCHING) else Mode.PASSING
        passed += self._kept[: end + len(END_OF_HEAD)]
        del self._kept[: end + len(END_OF_HEAD)]
        return mode

    def _take_frames(self, payloads: list[bytes], passed: bytearray) -> Mode:
        kept, start, mode = self._kept, 0, Mode.FRAMES
        while len(kept) - start >= 2:
            first, second = kept[start], kept[start + 1]
            opcode, is_plain = first & OPCODE, first & FINAL and not first & RESERVED and not second & MASKED
            begin, size = _measure(kept, start, second & LENGTH)
            if not is_plain or (opcode < CONTROL and opcode not in (TEXT, BINARY)) or size > self.longest_bytes:
                mode = Mode.PASSING
                break
            if begin + size > len(kept):
                break
            if opcode < CONTROL:
                payloads.append(bytes(kept[begin : begin + size]))
            else:
                passed += kept[start : begin + size]
            start = begin + size
        del kept[:start]
        return mode


def masked_frame(payload: bytes, is_text: bool, key: bytes) -> bytes:
    """A whole data frame from a client; ``key`` is 4 random bytes."""
    size = len(payload)
    opcode = FINAL | (TEXT if is_text else BINARY)
    if size < 126:
        head = bytes((opcode, MASKED | size))
    elif size < 1 << 16:
        head = struct.pack(">BBH", opcode, MASKED | 126, size)
    else:
        head = struct.pack(">BBQ", opcode, MASKED | 127, size)
    # One XOR of two long numbers is far cheaper than one per byte.
    stream = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return head + key + (int.from_bytes(payload, "big") ^ stream).to_bytes(size, "big")


def _measure(kept: bytearray, start: int, length: int) -> tuple[int, int]:
    """Where the payload begins and its size; a head that is not complete yet gives a begin beyond what is kept."""
    if length < 126:
        return start + 2, length
    width = 2 if length == 126 else 8
    return start + 2 + width, int.from_bytes(kept[start + 2 : start + 2 + width], "big")
