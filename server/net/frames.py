"""WebSocket frames (RFC 6455, section 5): the server's, built whole, and the masking of the client's.

Pure: no I/O, no state. Invariant: every frame built here is final, unmasked and has the shortest length form.
"""

from __future__ import annotations

import struct
from typing import Final

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
CONTINUATION: Final = 0x0
OPCODES: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})

FINAL: Final = 0x80
SHORT: Final = 126
MAX_CONTROL_BYTES: Final = 125

# Multiplying a 4-byte number by the first repeats it over a payload of that length; the second cuts it to the length.
_REPEAT: Final = [sum(1 << (32 * word) for word in range((size + 3) // 4)) for size in range(SHORT)]
_CUT: Final = [(1 << (8 * size)) - 1 for size in range(SHORT)]


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame of a server: final and unmasked."""
    size = len(payload)
    if size < SHORT:
        return bytes((FINAL | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", FINAL | opcode, 126, size) + payload
    return struct.pack(">BBQ", FINAL | opcode, 127, size) + payload


def encode_close(code: int, reason: str) -> bytes:
    """A Close frame; the reason is cut to what a control frame holds."""
    text = reason.encode()[: MAX_CONTROL_BYTES - 2].decode(errors="ignore")
    return encode_frame(CLOSE, struct.pack(">H", code) + text.encode())


def unmask(frame: bytes | bytearray, mask_at: int, size: int) -> bytes:
    """The payload of ``size`` bytes behind the 4-byte mask at ``mask_at``."""
    start = mask_at + 4
    number = int.from_bytes
    if size < SHORT:
        mask = number(frame[mask_at:start], "little") * _REPEAT[size] & _CUT[size]
        return (number(frame[start : start + size], "little") ^ mask).to_bytes(size, "little")
    key = bytes(frame[mask_at:start]) * (size // 4 + 1)
    return (number(frame[start : start + size], "little") ^ number(key[:size], "little")).to_bytes(size, "little")


def is_utf8(payload: bytes) -> bool:
    """Whether the payload of a whole text message is valid."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
