"""Messages for tests: strategies for any message of the protocol, in either direction."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from server.wire import messages as wire
from server.wire.codec import Codec

MAX_WHOLE = 2**53 - 1
WHOLES = st.integers(-MAX_WHOLE, MAX_WHOLE)
COUNTS = st.integers(0, MAX_WHOLE)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLES | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
VALUES = st.lists(PLAIN, max_size=4)

FIELDS = st.builds(wire.FieldInfo, TEXTS, TEXTS, st.none() | NUMBERS, st.none() | NUMBERS)
KINDS = st.builds(wire.KindInfo, TEXTS, st.lists(FIELDS, max_size=2))
COMMANDS = st.builds(wire.CommandInfo, TEXTS, st.lists(FIELDS, max_size=2))
SCHEMAS = st.builds(
    wire.Schema,
    game=TEXTS,
    kinds=st.lists(KINDS, max_size=2),
    commands=st.lists(COMMANDS, max_size=2),
    events=st.lists(TEXTS, max_size=2),
    cell_size=NUMBERS,
    bounds=st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),
)
ENTITIES = st.builds(wire.EntityRow, COUNTS, COUNTS, VALUES)
PATCHES = st.builds(wire.PatchRow, COUNTS, COUNTS, VALUES)
CONTENTS = st.builds(wire.CellContent, COUNTS, st.lists(ENTITIES, max_size=3))
CHANGES = st.builds(
    wire.CellChange,
    COUNTS,
    st.lists(ENTITIES, max_size=2),
    st.lists(PATCHES, max_size=2),
    st.lists(COUNTS, max_size=2),
    st.lists(COUNTS, max_size=2),
    st.none() | st.integers(0, 2**32 - 1),
)
EVENT_ROWS = st.builds(wire.EventRow, TEXTS, COUNTS, PLAIN)
ACKS = st.builds(wire.Ack, COUNTS, COUNTS, TEXTS, TEXTS)

TO_CLIENT: st.SearchStrategy[wire.ToClient] = st.one_of(
    st.builds(wire.Welcome, TEXTS, TEXTS, COUNTS, TEXTS, TEXTS, SCHEMAS, TEXTS, COUNTS, NUMBERS, NUMBERS, COUNTS),
    st.builds(wire.Cells, COUNTS, st.lists(CONTENTS, max_size=3), st.lists(COUNTS, max_size=3)),
    st.builds(wire.Delta, COUNTS, st.lists(CHANGES, max_size=3)),
    st.builds(wire.Done, st.lists(ACKS, max_size=3)),
    st.builds(wire.Events, COUNTS, st.lists(EVENT_ROWS, max_size=3)),
    st.builds(wire.Reset, TEXTS, COUNTS, TEXTS),
    st.builds(wire.Moving, NUMBERS),
    st.builds(wire.Pong, NUMBERS, NUMBERS),
    st.builds(wire.Error, TEXTS, TEXTS),
)


def to_server(codec: Codec) -> st.SearchStrategy[wire.ToServer]:
    """Any message of a client; the arguments of its commands are in the codec's encoding."""
    args = st.dictionaries(TEXTS, PLAIN, max_size=3).map(lambda value: msgspec.Raw(codec.encode_value(value)))
    dos = st.builds(wire.Do, COUNTS, TEXTS, args)
    resumes = st.builds(wire.Resume, TEXTS, TEXTS, TEXTS, COUNTS, st.lists(dos, max_size=2))
    return st.one_of(
        dos,
        st.builds(wire.Join, TEXTS, TEXTS, NUMBERS, st.booleans(), st.none() | resumes),
        st.builds(wire.View, NUMBERS),
        st.builds(wire.Ping, NUMBERS),
        st.builds(wire.Digest, st.booleans()),
        st.builds(wire.Leave),
    )


def plain(codec: Codec, message: wire.ToServer | wire.ToClient) -> Any:
    """A message as plain data, read back from its bytes by a decoder that knows no message."""
    module = msgspec.json if codec.is_text else msgspec.msgpack
    return module.decode(codec.encode(message))
