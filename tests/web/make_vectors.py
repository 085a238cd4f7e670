"""Writes vectors.json: what the Python side of the protocol makes of values, messages and entities.

The tests of the browser modules compare with it, so that the two implementations cannot drift apart.
Run ``python tests/web/make_vectors.py`` after a change of server/wire; with ``--check`` it only says whether it is due.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from server.wire.codec import CODECS, JSON, MSGPACK
from server.wire.digest import cell_digest, entity_digest
from server.wire.messages import (
    Ack,
    CellChange,
    CellContent,
    Cells,
    Delta,
    Digest,
    Do,
    Done,
    EntityRow,
    Error,
    EventRow,
    Events,
    FieldInfo,
    Join,
    KindInfo,
    Leave,
    Moving,
    PatchRow,
    Ping,
    Pong,
    Reset,
    Resume,
    Schema,
    ToClient,
    ToServer,
    View,
    Welcome,
)

TARGET = Path(__file__).with_name("vectors.json")

WHOLE = [0, 1, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**53 - 1]
NEGATIVE = [-1, -32, -33, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**53) + 1]
FRACTIONS = [0.5, -0.1, 3.99, 1e-300, 1.7976931348623157e308, -0.0]
TEXTS = [
    "",
    "Ahab",
    "x" * 31,
    "x" * 32,
    "x" * 255,
    "x" * 256,
    "Bjørn",
    "海",
    "🦀 ahoy",
    "a\u0000b",
    "é" * 13,
]
CONTAINERS: list[Any] = [
    [],
    {},
    [None, True, False],
    list(range(15)),
    list(range(16)),
    {str(n): n for n in range(15)},
    {str(n): n for n in range(16)},
    {"a": [{"b": [[], {}, None]}, -1.5]},
    {"__proto__": 1, "constructor": "x"},
]

SCHEMA = Schema(
    game="flotsam",
    kinds=[
        KindInfo(
            "Boat", [FieldInfo("x", "int"), FieldInfo("y", "int"), FieldInfo("name", "str"), FieldInfo("gold", "int")]
        ),
        KindInfo("Crate", [FieldInfo("x", "int"), FieldInfo("y", "int"), FieldInfo("gold", "int")]),
    ],
    commands=[],
    events=["shout"],
    cell_size=250.0,
    bounds=(0.0, 0.0, 4000.0, 4000.0),
)

TO_SERVER: list[ToServer] = [
    Join("Ahab", "", 700.5, resume=Resume("s1", "hush", "e1", 7, [Do(3, "row", msgspec.Raw(b"{}"))])),
    Do(4, "row", msgspec.Raw(b'{"dx":-40,"dy":12}')),
    View(812.5),
    Ping(1234.5),
    Digest(ok=False),
    Leave(),
]

BOATS = [EntityRow(1, 0, [10, 20, "Ahab", 3]), EntityRow(2, 0, [30, -40, "Zoë 🦀", 0])]
CRATE = EntityRow(2**53 - 1, 1, [300, 20, 9])


def digest_of(*rows: EntityRow) -> int:
    """The digest of a cell that holds these entities."""
    return cell_digest(entity_digest(row.id, row.kind, row.values) for row in rows)


def scenario() -> list[ToClient]:
    """Messages that use each way an entity can change, with the digests after them."""
    moved_boat = EntityRow(1, 0, [260, 25, "Ahab", 3])
    patched = EntityRow(2, 0, [31, -40, "Zoë 🦀", 5])
    return [
        Welcome("s1", "hush", 1, "bay", "node1", SCHEMA, "e1", 10, 1e12, 20.0),
        Cells(10, [CellContent(5, BOATS), CellContent(6, [CRATE]), CellContent(7, [])], []),
        Delta(11, [CellChange(5, [], [PatchRow(2, 0b1001, [31, 5])], [], [], digest_of(BOATS[0], patched))]),
        # The put stands before the move out of the other cell, as it may.
        Delta(
            12,
            [
                CellChange(6, [moved_boat], [], [], [], digest_of(CRATE, moved_boat)),
                CellChange(5, [], [], [], [1], digest_of(patched)),
            ],
        ),
        # Out of sight: the target cell is not in view.
        Delta(13, [CellChange(5, [], [], [], [2], 0), CellChange(6, [], [], [CRATE.id], [], digest_of(moved_boat))]),
        Cells(14, [CellContent(8, [CRATE])], [7]),
        Delta(15, []),
    ]


OTHERS: list[ToClient] = [
    Done([Ack(1, 12), Ack(2, 12, "gone", "somebody was faster")]),
    Events(12, [EventRow("shout", 5, {"boat": 2, "name": "Zoë", "text": "<b>ahoy</b>"})]),
    Reset("e2", 3, "rollback"),
    Moving(250.0),
    Pong(1234.5, 1.75e12),
    Error("malformed", "what?"),
]

DIGESTS: list[tuple[int, int, list[Any]]] = [
    (1, 0, []),
    (2**53 - 1, 3, [1, -1, 0.5, -0.0, 1e300]),
    (7, 1, ["", "Ahab", "海🦀"]),
    (8, 1, [True, False, None]),
    (9, 2, [[1, [2, "x"]], {"b": 1, "a": [2], "🦀": 3, "\uffff": 4}]),
]


def encoded(value: Any) -> dict[str, Any]:
    """A value with both its encodings."""
    return {"value": value, "msgpack": msgspec.msgpack.encode(value).hex(), "json": msgspec.json.encode(value).decode()}


def message(value: ToClient | ToServer) -> dict[str, Any]:
    """A message with both its encodings; an argument that is encoded already stands in the encoding it is sent in."""
    plain = JSON.encode(value)
    as_msgpack = (
        msgspec.msgpack.encode(msgspec.json.decode(plain)) if isinstance(value, (Do, Join)) else MSGPACK.encode(value)
    )
    return {"value": msgspec.json.decode(plain), "msgpack": as_msgpack.hex(), "json": plain.decode()}


def vectors() -> dict[str, Any]:
    """Everything the tests need."""
    values = [*WHOLE, *NEGATIVE, *FRACTIONS, *TEXTS, *CONTAINERS]
    return {
        "subprotocols": list(CODECS),
        "values": [encoded(value) for value in values],
        "to_server": [message(value) for value in TO_SERVER],
        "scenario": [message(value) for value in scenario()],
        "to_client": [message(value) for value in OTHERS],
        "digests": [[*row, entity_digest(*row)] for row in DIGESTS],
    }


def main() -> int:
    """Writes the file, or with ``--check`` compares it."""
    text = json.dumps(vectors(), ensure_ascii=True) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
