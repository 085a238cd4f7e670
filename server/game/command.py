"""Commands: what players may ask for, as typed records checked before any rule sees them.

A command class lists its arguments as fields; bounds are msgspec constraints. Every number must be finite and below
2**53, whatever the type allows: a rule never meets NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import attrs
import msgspec

from server.wire.codec import Codec, Decoder, guard
from server.wire.errors import ProtocolError
from server.wire.messages import FieldInfo
from shared_state.entity import EntityId
from shared_state.outcome import Rejection
from shared_state.schema import MAX_WHOLE
from shared_state.transaction import Transaction

_TYPE_NAMES: dict[Any, str] = {int: "int", float: "float", str: "str", bool: "bool", EntityId: "ref"}


class Command(msgspec.Struct, frozen=True):
    """Base of all commands."""


@attrs.frozen
class CommandSpec:
    """One command of a game.

    Args:
        rule: ``rule(tx, actor, command)``; returns a Rejection or None.
        rate_hz, burst: how often one session may send it: a token bucket.
        strict: refusals are confirmed by the store before they are told.
    """

    name: str
    type: type[Command]
    rule: Callable[[Transaction, Any, Any], Rejection | None]
    rate_hz: float
    burst: int
    strict: bool
    fields: tuple[FieldInfo, ...]
    numbers: tuple[str, ...]
    decoders: dict[str, Decoder[Any]] = attrs.field(factory=dict)

    def decode(self, codec: Codec, args: bytes | msgspec.Raw) -> Command:
        """The command from its encoded arguments. Raises: ProtocolError."""
        decoder = self.decoders.get(codec.subprotocol)
        if decoder is None:
            decoder = self.decoders[codec.subprotocol] = codec.decoder(self.type)
        command: Command = guard(decoder, args or codec.encode_value({}))
        for name in self.numbers:
            if not _is_finite(getattr(command, name)):
                raise ProtocolError("malformed", f"{name}: not a finite number below 2**53")
        return command


def describe_fields(record: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """Names, types and bounds of a record's fields, for clients."""
    hints = get_type_hints(record, include_extras=True)
    return tuple(_describe(name, hints[name]) for name in record.__struct_fields__)


def number_fields(fields: tuple[FieldInfo, ...]) -> tuple[str, ...]:
    """The fields that are, or may hold, numbers."""
    return tuple(field.name for field in fields if field.type not in ("str", "bool"))


def _is_finite(value: Any) -> bool:
    """Whether all numbers in a decoded value are finite and below 2**53."""
    if isinstance(value, (int, float)):
        return -MAX_WHOLE <= value <= MAX_WHOLE
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.astuple(value)
    elif isinstance(value, dict):
        value = [*value, *value.values()]
    elif not isinstance(value, (list, tuple, set, frozenset)):
        return True
    return all(map(_is_finite, value))


def _describe(name: str, hint: Any) -> FieldInfo:
    low = high = None
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        for note in notes:
            if isinstance(note, msgspec.Meta):
                low = low if note.ge is None else float(note.ge)
                high = high if note.le is None else float(note.le)
                high = high if note.max_length is None else float(note.max_length)
    return FieldInfo(name, _TYPE_NAMES.get(hint, "any"), low, high)
