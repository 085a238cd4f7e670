"""docs/protocol.md: its examples are messages, its tables are the code's, its round is played as it stands there."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest
import trio
from trio.testing import MockClock

from server import seats
from server.identity import gate, tokens
from server.net.admission import Accept, Admission
from server.net.http import Request
from server.session import deeds, orders, session, stay
from server.wire import close_codes, codec, errors
from server.wire import messages as wire
from server.wire.codec import CODECS, JSON, MSGPACK
from server.wire.digest import entity_digest
from shared_state import committer
from shared_state.cell import cell_at
from tests.docs import pond

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
RFC_6455 = {1002, 1007}
"""Sent by the WebSocket library."""
UNSEEN = {"NO_CODE", "LOST"}
"""What a client's own side makes of a connection without a Close frame."""


def blocks(kind: str) -> str:
    """The blocks of a kind, joined."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return "".join(found)


def rows(heading: str) -> list[list[str]]:
    """The cells of all table rows below a heading, up to the next one of its rank."""
    _, _, rest = PAGE.partition(f"\n{heading}\n")
    text = re.split(rf"\n#{{1,{heading.index(' ')}}} ", rest)[0]
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def names(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


TO_NODE = blocks("json to the node").splitlines()
TO_CLIENT = blocks("json to the client").splitlines()


@pytest.mark.parametrize("line", TO_NODE)
def test_an_example_for_the_node_is_understood(line: str) -> None:
    """In both encodings alike, and nothing of it is ignored as unknown."""
    message = JSON.decode_to_server(line.encode())
    assert_contains(json.loads(JSON.encode(message)), json.loads(line))
    packed = msgspec.msgpack.encode(json.loads(line))
    assert json.loads(line) == msgspec.msgpack.decode(packed)
    assert_contains(msgspec.msgpack.decode(MSGPACK.encode(MSGPACK.decode_to_server(packed))), json.loads(line))


def assert_contains(whole: Any, part: Any) -> None:
    """Everything of ``part`` is in ``whole``, maps perhaps among more."""
    if isinstance(part, dict):
        assert part.keys() <= whole.keys()
        for name, value in part.items():
            assert_contains(whole[name], value)
    elif isinstance(part, list):
        assert len(whole) == len(part)
        for one, other in zip(whole, part, strict=True):
            assert_contains(one, other)
    else:
        assert whole == part


@pytest.mark.parametrize("line", TO_CLIENT)
def test_an_example_for_the_client_is_what_a_node_says(line: str) -> None:
    """Every field stands there, with nothing besides."""
    message = JSON.decode_to_client(line.encode())
    assert json.loads(JSON.encode(message)) == json.loads(line)
    assert MSGPACK.decode_to_client(MSGPACK.encode(message)) == message


def test_there_is_an_example_of_every_message() -> None:
    """In both directions."""
    for lines, union in ((TO_NODE, wire.ToServer), (TO_CLIENT, wire.ToClient)):
        assert {json.loads(line)["type"] for line in lines} == {tag_of(message) for message in get_args(union)}


def tag_of(message: type[msgspec.Struct]) -> str:
    """What a message is called."""
    return str(message.__struct_config__.tag)


@pytest.mark.parametrize(
    ("heading", "union"), [("### To the node", wire.ToServer), ("### To the client", wire.ToClient)]
)
def test_the_tables_have_the_fields_of_the_messages(heading: str, union: Any) -> None:
    """Each message, with its fields in order and the defaults of those that may be missing."""
    told = {names(row[0])[0]: fields_told(row[1]) for row in rows(heading) if names(row[0])}
    assert told == {tag_of(message): fields_of(message) for message in get_args(union)}


def test_the_table_of_a_resume_has_its_fields() -> None:
    """With their defaults."""
    told = [cell for row in rows("## Coming back") if (cell := row[0]) and names(cell)]
    assert fields_told(", ".join(told)) == fields_of(wire.Resume)


def fields_told(cell: str) -> dict[str, Any]:
    """Fields and defaults as a table tells them; `...` for none."""
    found = re.findall(r"`(\w+)`(?: = ([^,]+))?", cell)
    return {name: json.loads(default) if default else ... for name, default in found}


def fields_of(message: type[msgspec.Struct]) -> dict[str, Any]:
    """The same of a message."""
    found = {}
    for field in msgspec.structs.fields(message):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        default = {} if isinstance(default, msgspec.Raw) else default
        found[field.encode_name] = ... if default is msgspec.NODEFAULT else default
    return found


def test_the_table_of_close_codes_is_the_codes() -> None:
    """All codes that a node uses, and those that its WebSocket library does; ranges tell whether to come back."""
    told = {int(code) for row in rows("## Codes") for code in re.findall(r"\b\d{4}\b", row[0])}
    used = {name: code for name, code in vars(close_codes).items() if isinstance(code, int)}
    assert told == {code for name, code in used.items() if name not in UNSEEN} | RFC_6455
    come_back = {"WORLD_LOST", "SESSION_MOVED", "NODE_DRAINING", "TOO_SLOW", "STORE_AWAY"}
    assert {name for name, code in used.items() if 4000 <= code < 4500} == come_back
    assert max(used.values()) < 5000


def test_the_tables_of_codes_have_those_of_the_node() -> None:
    """Every code that stands in the source of sessions, identity and codecs, and no other."""
    told = {name for row in rows("## Codes") for name in names(row[0])}
    used = {
        text
        for module in (deeds, orders, session, stay, tokens, gate, codec, committer, seats)
        for text in codes_in(module)
    }
    assert told == used


def codes_in(module: ModuleType) -> set[str]:
    """The texts that stand where a code of a rejection, an error or a refusal does."""
    places = {
        "Rejection": 0,
        "Error": 0,
        "ProtocolError": 0,
        "_complain": 0,
        "_refuse": 1,
        "complain": 0,
        "Unseated": 1,
    }
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.Call):
            continue
        place = places.get(ast.unparse(node.func).rpartition(".")[2])
        if place is not None and len(node.args) > place:
            found |= {part.value for part in ast.walk(node.args[place]) if isinstance(part, ast.Constant)}
            if isinstance(node.args[place], ast.Name) and hasattr(module, node.args[place].id):
                found.add(getattr(module, node.args[place].id))
    return {text for text in found if isinstance(text, str) and text}


def test_the_subprotocols_are_those_of_the_node() -> None:
    """In the order in which a node prefers them; of another version it takes one to say so."""
    told = [names(row[0])[0] for row in rows("## Connecting") if names(row[0])]
    assert told == list(CODECS)
    admission = Admission({name: coded.is_text for name, coded in CODECS.items()})
    for offered, taken in ((told[::-1], told[0]), (["oarlock.v2.json", told[1]], told[1]), (["oarlock.v2.json"], None)):
        headers = {"sec-websocket-protocol": ", ".join(offered)}
        answer = admission.admit(Request("GET", "/ws/bay", "", headers, ""))
        assert isinstance(answer, Accept)
        assert answer.subprotocol == (taken or offered[0])


def test_the_tables_of_numbers_are_right() -> None:
    """Cell numbers, and digests of entities."""
    cells = [[int(text) for text in row] for row in rows("## What a client may rely on")[1:]]
    assert [cell_at(column * 100, row * 100, 100) for column, row, _ in cells] == [cell for _, _, cell in cells]
    assert len(cells) == 3
    digests = rows("## Digest")[1:]
    told = [(int(id_), int(kind), json.loads(values), int(digest)) for id_, kind, values, digest in digests]
    assert [entity_digest(id_, kind, values) for id_, kind, values, _ in told] == [digest for *_, digest in told]
    assert len(told) == 3


async def test_the_round_is_played_as_it_stands(autojump_clock: MockClock) -> None:
    """Message by message, on a real session and the store's model."""
    with trio.fail_after(100):
        played = await pond.play()
    assert played == blocks("text a round").splitlines()


def test_errors_of_the_wire_are_told_by_their_code() -> None:
    """A payload that is no message is malformed; a message of a later version is of an unknown type."""
    for payload, code in ((b"{", "malformed"), (b'{"type": "wave", "more": [1]}', "unknown_type")):
        with pytest.raises(errors.ProtocolError) as refused:
            JSON.decode_to_server(payload)
        assert refused.value.code == code
