"""Clients that speak other versions of the protocol, on real sockets (S32)."""

from __future__ import annotations

import pytest
import trio

from server.wire import close_codes
from tests.integration.memory_node import running_node
from tests.integration.net_peer import HANDSHAKE, connect
from tests.integration.player import enter

OURS = b"oarlock.v1.json, oarlock.v1.msgpack"


@pytest.mark.parametrize("offered", [b"oarlock.v2.json", b"oarlock.v0.msgpack, oarlock.v7.cbor"])
async def test_a_client_of_another_version_is_told_to_stay_away(offered: bytes) -> None:
    """With a code that a page can read, before anything of it is looked at; players notice nothing (S32)."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            player = await enter(harbour.port)
            peer = await connect(harbour.port)
            await peer.send(HANDSHAKE.replace(OURS, offered) + b"\x82\x80\x00\x00\x00\x00")
            head = await peer.read_head()
            assert head.startswith(b"HTTP/1.1 101 ")
            assert offered.split(b",")[0] in head
            assert await peer.read_close() == close_codes.OTHER_VERSION
            assert (await player.do("sail", dx=1.0)).code == ""
            assert harbour.node.sessions_total == 1
            assert player.is_content()


async def test_a_client_of_two_versions_gets_the_one_that_is_spoken() -> None:
    """Wherever in its list that stands (S32)."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            peer = await connect(harbour.port)
            await peer.send(HANDSHAKE.replace(OURS, b"oarlock.v2.json, oarlock.v1.msgpack"))
            assert b"sec-websocket-protocol: oarlock.v1.msgpack" in (await peer.read_head()).lower()
            peer.reset()
