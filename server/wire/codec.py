"""Two encodings of one set of messages: MessagePack (binary frames) and JSON (text frames).

A codec turns payloads into messages and back, and joins pre-encoded rows into ``delta``, ``cells`` and ``event``
messages: the rows of a cell are encoded once per flush and shared by every client that sees the cell.
Invariant: bytes from outside raise ``ProtocolError`` or nothing; what ``join_*`` builds equals what ``encode`` gives.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, get_args

import msgspec

from server.wire.errors import ProtocolError
from server.wire.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, ToClient, ToServer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Decoder(Protocol[T_co]):
    """A prepared decoder for one type."""

    def decode(self, data: bytes | msgspec.Raw, /) -> T_co:
        """Returns the value. Raises: msgspec.MsgspecError and other ValueErrors."""


class _Tagged(msgspec.Struct):
    type: str


def _types_of(union: Any) -> frozenset[str]:
    return frozenset(str(message.__struct_config__.tag) for message in get_args(union))


_TYPES_TO_SERVER, _TYPES_TO_CLIENT = _types_of(ToServer), _types_of(ToClient)


class Codec:
    """One encoding of the protocol.

    Args:
        subprotocol: its name in the WebSocket handshake.
        is_text: frames are text frames.
        module: ``msgspec.json`` or ``msgspec.msgpack``.
    """

    def __init__(self, subprotocol: str, is_text: bool, module: Any) -> None:
        self.subprotocol = subprotocol
        self.is_text = is_text
        self._module = module
        self.encode_value: Callable[[Any], bytes] = module.Encoder().encode
        self._to_server: Decoder[ToServer] = module.Decoder(ToServer)
        self._to_client: Decoder[ToClient] = module.Decoder(ToClient)
        self._tagged: Decoder[_Tagged] = module.Decoder(_Tagged)

    def encode(self, message: ToServer | ToClient) -> bytes:
        """The payload of a message."""
        return self.encode_value(message)

    def decode_to_server(self, payload: bytes) -> ToServer:
        """A client's message. Raises: ProtocolError."""
        try:
            return self._to_server.decode(payload)
        except (ValueError, RecursionError) as error:
            raise self._fault(error, payload, _TYPES_TO_SERVER) from None

    def decode_to_client(self, payload: bytes) -> ToClient:
        """A node's message. Raises: ProtocolError."""
        try:
            return self._to_client.decode(payload)
        except (ValueError, RecursionError) as error:
            raise self._fault(error, payload, _TYPES_TO_CLIENT) from None

    def _fault(self, error: Exception, payload: bytes, known: frozenset[str]) -> ProtocolError:
        """What is wrong with a payload: it is malformed, or of a version of the protocol that has more messages."""
        try:
            type_ = guard(self._tagged, payload).type
        except ProtocolError:
            return ProtocolError("malformed", _explain(error))
        if type_ in known:
            return ProtocolError("malformed", _explain(error))
        return ProtocolError("unknown_type", f"there is no message of type {type_[:64]!r} here")

    def decoder(self, type_: type[T]) -> Decoder[T]:
        """A decoder for a command's arguments; call it through ``guard``."""
        decoder: Decoder[T] = self._module.Decoder(type_)
        return decoder

    def join_delta(self, version: int, cells: Sequence[bytes]) -> bytes:
        """The payload of ``Delta`` from encoded ``CellChange`` rows."""
        raise NotImplementedError

    def join_cells(self, version: int, entered: Sequence[bytes], left: Sequence[int]) -> bytes:
        """The payload of ``Cells`` from encoded ``CellContent`` rows."""
        raise NotImplementedError

    def join_events(self, version: int, events: Sequence[bytes]) -> bytes:
        """The payload of ``Events`` from encoded ``EventRow`` rows."""
        raise NotImplementedError


class JsonCodec(Codec):
    """JSON in text frames."""

    def __init__(self) -> None:
        super().__init__(SUBPROTOCOL_JSON, True, msgspec.json)

    def join_delta(self, version: int, cells: Sequence[bytes]) -> bytes:
        return b'{"type":"delta","version":%d,"cells":[%b]}' % (version, b",".join(cells))

    def join_cells(self, version: int, entered: Sequence[bytes], left: Sequence[int]) -> bytes:
        rows = b",".join(entered)
        return b'{"type":"cells","version":%d,"entered":[%b],"left":%b}' % (version, rows, self.encode_value(left))

    def join_events(self, version: int, events: Sequence[bytes]) -> bytes:
        return b'{"type":"event","version":%d,"events":[%b]}' % (version, b",".join(events))


class MsgpackCodec(Codec):
    """MessagePack in binary frames."""

    def __init__(self) -> None:
        super().__init__(SUBPROTOCOL_MSGPACK, False, msgspec.msgpack)
        text = self.encode_value
        self._delta_head = b"\x83" + text("type") + text("delta") + text("version")
        self._cells_head = b"\x84" + text("type") + text("cells") + text("version")
        self._event_head = b"\x83" + text("type") + text("event") + text("version")
        self._cells_key = text("cells")
        self._entered_key = text("entered")
        self._left_key = text("left")
        self._events_key = text("events")

    def join_delta(self, version: int, cells: Sequence[bytes]) -> bytes:
        head = self._delta_head + self.encode_value(version) + self._cells_key
        return head + _array_head(len(cells)) + b"".join(cells)

    def join_cells(self, version: int, entered: Sequence[bytes], left: Sequence[int]) -> bytes:
        head = self._cells_head + self.encode_value(version) + self._entered_key
        tail = self._left_key + self.encode_value(left)
        return head + _array_head(len(entered)) + b"".join(entered) + tail

    def join_events(self, version: int, events: Sequence[bytes]) -> bytes:
        head = self._event_head + self.encode_value(version) + self._events_key
        return head + _array_head(len(events)) + b"".join(events)


def guard(decoder: Decoder[T], payload: bytes | msgspec.Raw) -> T:
    """Decodes hostile bytes. Raises: ProtocolError, whatever the bytes are."""
    try:
        return decoder.decode(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("malformed", _explain(error)) from None


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)[:200]


def _array_head(length: int) -> bytes:
    if length < 16:
        return bytes([0x90 | length])
    if length < 1 << 16:
        return b"\xdc" + struct.pack(">H", length)
    return b"\xdd" + struct.pack(">I", length)


JSON = JsonCodec()
MSGPACK = MsgpackCodec()
CODECS: dict[str, Codec] = {codec.subprotocol: codec for codec in (MSGPACK, JSON)}
