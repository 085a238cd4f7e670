"""The golden messages: one of each type, and the file of bytes that any client of the protocol can check itself with.

Python and JavaScript are held to the same file, ``tests/vectors/protocol.json``.

``python -m tests.unit.server.wire.golden`` writes the file anew, which changes the protocol: old clients break.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec

from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK, Codec
from server.wire.digest import entity_digest

PATH = Path(__file__).parents[3] / "vectors" / "protocol.json"
SCHEMA = wire.Schema(
    game="golden",
    kinds=[wire.KindInfo("Boat", [wire.FieldInfo("x", "int"), wire.FieldInfo("name", "str")])],
    commands=[wire.CommandInfo("row", [wire.FieldInfo("dx", "int", -40.0, 40.0)])],
    events=["shout"],
    cell_size=250.0,
    bounds=(0.0, 0.0, 4000.0, 4000.0),
)
ENTITIES: list[tuple[int, int, list[Any]]] = [
    (1, 0, []),
    (7, 1, [12, -3.5, "Ann", True, False, None]),
    (2**53 - 1, 255, [[1, [2, "é"], {}], {"b": 2, "a": 1}]),
    (42, 3, [0, 0.1, 1e-300, "", "🦜"]),
]


def to_server(codec: Codec) -> dict[str, wire.ToServer]:
    """A client's messages by name."""
    args = msgspec.Raw(codec.encode_value({"dx": -40, "dy": 3}))
    resume = wire.Resume("s1", "secret", "e1", 9, [wire.Do(4, "row", args)], [2251799847239680, 0])
    return {
        "do": wire.Do(5, "row", args),
        "join": wire.Join("Ann é🦜", "", 700.0, False, None),
        "join again": wire.Join("Ann", "token", 0.0, True, resume, "0123456789abcdef" * 2),
        "view": wire.View(650.5),
        "view from a point": wire.View(0.0, 120.5, -3.0),
        "view along": wire.View(0.0, follow=2**53 - 1),
        "ping": wire.Ping(1234.5),
        "digest": wire.Digest(),
        "digest failed": wire.Digest(ok=False),
        "leave": wire.Leave(),
    }


def to_client() -> dict[str, wire.ToClient]:
    """A node's messages by name."""
    row = wire.EntityRow(7, 0, [12, "Ann"])
    change = wire.CellChange(3, [row], [wire.PatchRow(8, 5, [1, 2.5])], [9], [10], 4_294_967_295)
    return {
        "welcome": wire.Welcome("s1", "secret", 7, "bay", "node1", SCHEMA, "e1", 12, 1.5, 20.0, 3),
        "cells": wire.Cells(12, [wire.CellContent(3, [row]), wire.CellContent(4, [])], [5, 6]),
        "delta": wire.Delta(13, [change, wire.CellChange(4, [], [], [], [])]),
        "done": wire.Done([wire.Ack(1, 12), wire.Ack(2, 12, "gone", "somebody was faster")]),
        "event": wire.Events(13, [wire.EventRow("shout", 3, {"text": "ahoy"}), wire.EventRow("bell", 0, None)]),
        "reset": wire.Reset("e2", 0, "epoch"),
        "reset that keeps": wire.Reset("e2", 7, "epoch", keep=True),
        "moving": wire.Moving(250.0),
        "pong": wire.Pong(1234.5, 1767225600000.0),
        "error": wire.Error("bad_seq", "expected 2, got 7"),
    }


def vectors() -> dict[str, Any]:
    """The content of the file."""
    return {
        "to_server": {
            name: {"json": JSON.encode(message).decode(), "msgpack_base64": _base64(to_server(MSGPACK)[name])}
            for name, message in to_server(JSON).items()
        },
        "to_client": {
            name: {"json": JSON.encode(message).decode(), "msgpack_base64": _base64(message)}
            for name, message in to_client().items()
        },
        "digests": [
            {"id": id_, "kind": kind, "values": values, "digest": entity_digest(id_, kind, values)}
            for id_, kind, values in ENTITIES
        ],
    }


def _base64(message: wire.ToServer | wire.ToClient) -> str:
    return base64.b64encode(MSGPACK.encode(message)).decode()


if __name__ == "__main__":
    PATH.write_text(json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n")
