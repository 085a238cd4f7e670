"""A node on real sockets and a store in memory: worlds open and close, and fail alone."""

from __future__ import annotations

import trio

from server.node import MAX_WORLDS
from server.wire import close_codes
from shared_state.names import WorldName
from tests.integration.memory_node import BAY, running_node
from tests.integration.net_peer import eventually
from tests.integration.player import enter, knock


async def test_a_world_is_open_as_long_as_somebody_is_in_it() -> None:
    """The first player opens it, the last one closes it after a while, and nothing of them stays in the store."""
    with trio.fail_after(20):
        async with running_node(linger_s=0.2, grace_s=0.2) as harbour:
            assert harbour.node.hosts == []
            ann, ben = await enter(harbour.port), await enter(harbour.port)
            (host,) = harbour.node.hosts
            assert len(host.sessions) == 2
            await ann.peer.stream.aclose()
            await eventually(lambda: len(harbour.stored()) == 1)
            await trio.sleep(0.4)
            assert harbour.node.hosts == [host]
            ben.peer.reset()
            await eventually(lambda: not harbour.node.slots)
            assert harbour.stored() == {}
            assert harbour.server.model.worlds[BAY].sessions == {}


async def test_a_world_that_closes_at_once_still_lets_its_players_leave() -> None:
    """Without any wait, and with a store that is slow, their leaving is committed before the world is closed."""
    with trio.fail_after(20):
        async with running_node(linger_s=0, grace_s=0) as harbour:
            player = await enter(harbour.port)
            harbour.store.commit_gate = trio.Event()
            await player.peer.stream.aclose()
            await trio.sleep(0.3)
            harbour.store.commit_gate.set()
            await eventually(lambda: not harbour.node.slots)
            assert harbour.stored() == {}


async def test_who_comes_while_a_world_closes_gets_a_world_that_works() -> None:
    """The old one is still giving its lease back: the newcomer opens the world anew and plays."""
    with trio.fail_after(20):
        async with running_node(linger_s=0.05, grace_s=0) as harbour:
            player = await enter(harbour.port)
            harbour.store.release_gate = trio.Event()
            await player.peer.stream.aclose()
            await eventually(lambda: harbour.store.releases == 1)
            late = await enter(harbour.port)
            assert (await late.do("sail", dx=1.0)).code == ""
            harbour.store.release_gate.set()
            assert (await late.do("sail", dx=1.0)).code == ""
            assert list(harbour.node.slots) == [BAY]
            assert late.is_content()


async def test_worlds_are_apart() -> None:
    """Players of two worlds on one node see nothing of each other."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            ann, ben = await enter(harbour.port, "bay"), await enter(harbour.port, "sea")
            assert (await ann.do("sail", dx=5.0)).code == ""
            assert (await ben.do("sail", dx=7.0)).code == ""
            assert ann.bot.mirror is not None
            assert ben.bot.mirror is not None
            assert (len(ann.bot.mirror), len(ben.bot.mirror)) == (1, 1)
            assert (len(harbour.stored()), len(harbour.stored(WorldName("sea")))) == (1, 1)


async def test_a_world_that_fails_closes_its_players_alone() -> None:
    """They are told to come back, the other world goes on, and the failed one can be opened again."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            ann, ben = await enter(harbour.port, "bay"), await enter(harbour.port, "sea")
            harbour.store.broken_worlds.add(BAY)
            assert await ann.read_close() == close_codes.WORLD_LOST
            assert (await ben.do("sail", dx=7.0)).code == ""
            refused = await knock(harbour.port)
            assert await refused.read_close() == close_codes.STORE_AWAY
            harbour.store.broken_worlds.clear()
            again = await enter(harbour.port)
            assert (await again.do("sail", dx=7.0)).code == ""
            assert (await ben.do("sail", dx=7.0)).code == ""
            assert ben.is_content()


async def test_a_deleted_world_closes_for_good() -> None:
    """Its players are told not to come back, the other world goes on, and its name can be used again."""
    with trio.fail_after(20):
        async with running_node(linger_s=0.2) as harbour:
            ann, ben = await enter(harbour.port, "bay"), await enter(harbour.port, "sea")
            harbour.server.model.delete_world(BAY)
            assert await ann.read_close() == close_codes.WORLD_ENDED
            assert (await ben.do("sail", dx=7.0)).code == ""
            await eventually(lambda: list(harbour.node.slots) == ["sea"])
            assert BAY not in harbour.server.model.worlds
            assert harbour.server.model.leases.keys() == {(WorldName("sea"), "leader")}
            again = await enter(harbour.port, "bay")
            assert (await again.do("sail", dx=7.0)).code == ""


async def test_a_world_of_another_game_is_refused() -> None:
    """The stored world has another schema: its players are refused with the reason, other worlds open."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            harbour.server.model.attach(BAY, "another schema", 1)
            refused = await knock(harbour.port)
            opcode, payload = await refused.peer.read_frame()
            assert (opcode, int.from_bytes(payload[:2], "big")) == (8, close_codes.STORE_AWAY)
            assert b"world bay has schema another schema" in payload
            assert (await (await enter(harbour.port, "sea")).do("sail", dx=1.0)).code == ""


async def test_a_node_opens_only_so_many_worlds() -> None:
    """Names made up by clients cannot fill its memory: one world too many is refused, the open ones are not."""
    with trio.fail_after(60):
        async with running_node() as harbour:
            players = [await knock(harbour.port, f"w{number}") for number in range(MAX_WORLDS)]
            await eventually(lambda: len(harbour.node.hosts) == MAX_WORLDS)
            refused = await knock(harbour.port, "one-more")
            assert await refused.read_close() == close_codes.STORE_AWAY
            assert (await (await enter(harbour.port, "w0")).do("sail", dx=1.0)).code == ""
            assert len(players) == MAX_WORLDS
