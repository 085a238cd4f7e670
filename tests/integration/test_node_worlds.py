"""A node on real sockets and a store in memory: worlds open and close, fail alone, and are drained."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import attrs
import trio

from server.config import NodeConfig, WorldConfig
from server.game import Game
from server.net.http import Routes
from server.net.limits import Limits
from server.net.listener import serve
from server.node import MAX_WORLDS, Node
from server.wire import close_codes
from shared_state.batch import CommitReply
from shared_state.directory_model import ModelDirectory
from shared_state.memory_directory import MemoryDirectory
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import WorldName
from shared_state.position import Head
from shared_state.session_row import unpack_row
from shared_state.store import LeaseGrant, Snapshot
from tests.integration.net_peer import eventually
from tests.integration.player import enter, knock
from tests.unit.server.harbour import game
from tests.unit.server.quay import memory_server

BAY = WorldName("bay")
BROKEN = Snapshot(Head("broken", 1, bytes(8)), {1: bytes(8) + b"\xff"}, {})


@attrs.define(eq=False)
class BreakableStore(MemoryStore):
    """A store client that fails on purpose."""

    broken_worlds: set[WorldName] = attrs.field(factory=set)
    commit_gate: trio.Event | None = None
    release_gate: trio.Event | None = None
    releases: int = 0

    async def head(self, world: WorldName) -> Head:
        """Another history, for broken worlds."""
        head = await super().head(world)
        return BROKEN.head if world in self.broken_worlds else head

    async def snapshot(self, world: WorldName) -> Snapshot:
        """What nobody can read, for broken worlds."""
        snapshot = await super().snapshot(world)
        return BROKEN if world in self.broken_worlds else snapshot

    async def commit(self, world: WorldName, batch: bytes) -> CommitReply:
        """Waits at the gate, if there is one."""
        if self.commit_gate is not None:
            await self.commit_gate.wait()
        return await super().commit(world, batch)

    async def release_lease(self, world: WorldName, grant: LeaseGrant) -> bool:
        """Waits at the gate, if there is one."""
        self.releases += 1
        if self.release_gate is not None:
            await self.release_gate.wait()
        return await super().release_lease(world, grant)


@attrs.define(eq=False)
class Harbour:
    """A node that listens."""

    node: Node
    port: int
    store: BreakableStore
    server: MemoryServer

    def stored(self, world: WorldName = BAY) -> dict[int, bytes]:
        """The entities in the store."""
        return self.server.model.snapshot(world).state


@asynccontextmanager
async def running_node(played: Game = game, **world: float) -> AsyncGenerator[Harbour, None]:
    """A node that runs while the context is open."""
    server = memory_server()
    store = BreakableStore(server)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    config = NodeConfig(name="node1", world=WorldConfig(**world))  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        directory = MemoryDirectory(ModelDirectory(lambda: int(trio.current_time() * 1e6)), random.Random(1))
        node = Node(config, played, store, directory, nursery)
        nursery.start_soon(node.beat_forever)
        await nursery.start(partial(serve, listeners, Routes(), node, Limits()))
        yield Harbour(node, int(listeners[0].socket.getsockname()[1]), store, server)
        nursery.cancel_scope.cancel()
    for listener in listeners:
        await listener.aclose()


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


async def test_draining_sends_everybody_away_to_come_back_elsewhere() -> None:
    """Players are closed with a code to come back, are away when it returns, and nobody new is let in."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            players = [await enter(harbour.port, world) for world in ("bay", "bay", "sea")]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(harbour.node.drain, 5.0)
                for player in players:
                    assert await player.read_close() == close_codes.NODE_DRAINING
                    await player.peer.stream.aclose()
            rows = [*harbour.server.model.worlds[BAY].sessions.values()]
            rows += harbour.server.model.worlds[WorldName("sea")].sessions.values()
            assert len(rows) == 3
            assert all(unpack_row(row)[1].away_since_ms for row in rows)
            late = await knock(harbour.port)
            assert await late.read_close() == close_codes.STORE_AWAY


async def test_draining_does_not_wait_for_who_does_not_go() -> None:
    """A player that never answers the Close holds the node up for the deadline at most."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            silent = await enter(harbour.port)
            began_s = trio.current_time()
            await harbour.node.drain(0.5)
            assert 0.4 < trio.current_time() - began_s < 2.0
            assert await silent.read_close() == close_codes.NODE_DRAINING


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
