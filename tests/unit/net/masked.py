"""A client's frames, built for tests: masked, with every rule breakable."""

from __future__ import annotations

import struct

from server.net.frames import BINARY, CLOSE, TEXT

MASK = b"\x37\xfa\x21\x3d"


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, rsv: int = 0, mask: bytes = MASK) -> bytes:
    """One masked frame."""
    size = len(payload)
    first = (0x80 if final else 0) | rsv << 4 | opcode
    if size < 126:
        head = struct.pack(">BB", first, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack(">BBH", first, 0xFE, size)
    else:
        head = struct.pack(">BBQ", first, 0xFF, size)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def text(message: str) -> bytes:
    """A text message in one frame."""
    return frame(TEXT, message.encode())


def binary(message: bytes) -> bytes:
    """A binary message in one frame."""
    return frame(BINARY, message)


def close(code: int) -> bytes:
    """A Close frame."""
    return frame(CLOSE, struct.pack(">H", code))


def fragmented(opcode: int, pieces: list[bytes]) -> list[bytes]:
    """The frames of one message in pieces."""
    last = len(pieces) - 1
    return [frame(opcode if at == 0 else 0, piece, final=at == last) for at, piece in enumerate(pieces)]
