"""Clients of earlier and later versions of the protocol: what they say more is no mistake of theirs (S32)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock

from client_bot.client import Client
from server.session.session import MAX_ERRORS
from server.wire import messages as wire
from server.wire.codec import Codec
from tests.unit.server.harbour import game
from tests.unit.server.quay import BOTH_CODECS, open_quay
from tests.unit.server.wire import golden


@pytest.mark.parametrize("codec", BOTH_CODECS, ids=["msgpack", "json"])
async def test_messages_of_a_later_version_are_answered_and_play_goes_on(
    codec: Codec, autojump_clock: MockClock
) -> None:
    """However many there are; commands around them are done (S32)."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            player = await quay.join(codec)
            for _ in range(2 * MAX_ERRORS):
                player.say(codec.encode_value({"type": "wave", "at": [1, {"x": 2}]}))
            player.do(1, "sail", dx=1.0)
            await quay.settle()
            assert player.errors() == ["unknown_type"] * (2 * MAX_ERRORS)
            assert player.answers()[1].code == ""
            assert player.line.closed is None
            assert quay.host.counts.client_errors == 0


@pytest.mark.parametrize("codec", BOTH_CODECS, ids=["msgpack", "json"])
async def test_fields_of_a_later_version_are_ignored(codec: Codec, autojump_clock: MockClock) -> None:
    """In every message of a client, and in the arguments of its commands (S32)."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            player = quay.arrive(codec)
            player.bot.hello()
            player.say(later(codec, wire.Join("Ann")))
            await quay.settle()
            args = msgspec.Raw(codec.encode_value({"dx": 2.0, "later": {"a": [1]}}))
            for message in (wire.Do(1, "sail", args), wire.View(200.0), wire.Ping(1.0), wire.Digest()):
                player.say(later(codec, message))
            await quay.settle()
            assert player.errors() == []
            assert player.answers()[1].code == ""
            assert player.held()[player.bot.avatar][0] == 2.0
            player.say(later(codec, wire.Leave()))
            assert player.line.closed == (1000, "left")


def later(codec: Codec, message: wire.ToServer) -> bytes:
    """A message with fields that this version does not know."""
    module = msgspec.json if codec.is_text else msgspec.msgpack
    return codec.encode_value({**module.decode(codec.encode(message)), "later": 1, "more": {"x": [None]}})


@pytest.mark.parametrize("codec", BOTH_CODECS, ids=["msgpack", "json"])
def test_a_client_understands_a_later_node(codec: Codec) -> None:
    """It ignores fields, elements of rows and whole messages that it does not know (S32)."""
    module: Any = msgspec.json if codec.is_text else msgspec.msgpack
    for name, message in golden.to_client().items():
        plain = module.decode(codec.encode(message))
        more = codec.encode_value({key: longer(value) for key, value in plain.items()} | {"later": [1]})
        assert codec.decode_to_client(more) == message, name
    client = Client(codec, "Ann")
    client.hello()
    client.receive(codec.encode(golden.to_client()["welcome"]), 0.0)
    assert client.receive(codec.encode_value({"type": "sunset", "in_s": 5}), 0.0) == []
    assert client.is_joined
    assert client.findings.first == []


def longer(value: Any) -> Any:
    """A value whose rows of known length, which hold other things than rows, have one element more."""
    if isinstance(value, dict):
        return {name: longer(part) for name, part in value.items()}
    if not isinstance(value, list) or not value or not all(isinstance(row, list) for row in value):
        return value
    return [[*(longer(part) for part in row), "later"] for row in value if isinstance(row, list)]
