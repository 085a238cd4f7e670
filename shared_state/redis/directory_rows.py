"""How the directory's values are written for the scripts, and read from what they answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from shared_state.directory_entry import (
    Kick,
    NodeEntry,
    WorldEntry,
    WorldSpec,
    decode_metadata,
    encode_metadata,
    flatten,
)
from shared_state.directory_names import NodeName, WorldKind
from shared_state.names import SessionId, WorldName
from shared_state.ttl import ttl_us

FIXED_FIELDS = 6
"""Of a world's row: kind, seats, private, persistent, empty time to live, serial. Metadata follows."""


class NodeRow(msgspec.Struct, array_like=True, frozen=True):
    """What a node says of itself; the scripts do not look inside."""

    address: str
    load: dict[str, float]
    draining: bool


def world_arguments(spec: WorldSpec, most_worlds: int) -> list[str | int]:
    """A world to be made, as directory_ledger.lua takes it."""
    fixed: list[str | int] = [spec.kind, spec.seats, int(spec.private), int(spec.persistent), ttl_us(spec.empty_ttl_s)]
    return [*fixed, most_worlds, *flatten(encode_metadata(spec.metadata))]


def read_world(name: bytes, row: bytes, used: bytes) -> WorldEntry:
    """A world from its row."""
    fields = msgspec.msgpack.decode(row, type=list[str])
    kind, seats, private, persistent = fields[:4]
    metadata = dict(zip(fields[FIXED_FIELDS::2], fields[FIXED_FIELDS + 1 :: 2], strict=True))
    return WorldEntry(
        name=WorldName(name.decode()),
        kind=WorldKind(kind),
        seats=int(seats),
        used=int(used),
        metadata=decode_metadata(metadata),
        private=private == "1",
        persistent=persistent == "1",
    )


def read_worlds(parts: Sequence[bytes]) -> list[WorldEntry]:
    """Worlds from name, row, seats used, name, ..."""
    return [read_world(*parts[i : i + 3]) for i in range(0, len(parts), 3)]


def write_node(entry: NodeEntry) -> bytes:
    """The row of a node."""
    return msgspec.msgpack.encode(NodeRow(entry.address, dict(entry.load), entry.draining))


def read_node(name: bytes, row: bytes, asked: int) -> NodeEntry:
    """A node from its row and whether it was asked to drain."""
    said = msgspec.msgpack.decode(row, type=NodeRow)
    return NodeEntry(NodeName(name.decode()), said.address, said.load, said.draining or asked == 1)


def read_kick(text: str) -> Kick:
    """A request to put a session out."""
    world, _, session = text.partition(":")
    return Kick(WorldName(world), SessionId(session))
