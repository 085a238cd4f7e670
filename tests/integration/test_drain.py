"""Draining a node: its players move, and whatever they or the store do, it ends in time and in order (S07, S23)."""

from __future__ import annotations

import random

import trio

from client_bot.client import State
from server.config import DrainConfig
from server.drain import CLOSE_S, COMMIT_S, Drain
from server.leader import LEADER
from server.node import Node
from server.wire import close_codes
from shared_state.session_row import SessionTail, unpack_row
from tests.integration.memory_node import BAY, Harbour, memory_directory, running_node
from tests.integration.net_peer import HANDSHAKE, connect, eventually
from tests.integration.player import SocketPlayer, enter, knock
from tests.unit.server.quay import memory_server

SWIFT = DrainConfig(lead_s=0.3, patience_s=0.3, limit_s=5.0)
OVERTIME_S = CLOSE_S + COMMIT_S + 0.5


def drain_of(node: Node, config: DrainConfig = SWIFT) -> Drain:
    """The end of a node."""
    return Drain(node, config, random.Random(1))


def tails(harbour: Harbour) -> list[SessionTail]:
    """The session rows in the store, without their heads."""
    return [unpack_row(row)[1] for row in harbour.server.model.worlds[BAY].sessions.values()]


async def drained_s(harbour: Harbour, config: DrainConfig) -> float:
    """Drains a node. Returns: how long that took, in seconds."""
    began_s = trio.current_time()
    await drain_of(harbour.node, config).run()
    return trio.current_time() - began_s


async def is_asked_to_move(player: SocketPlayer) -> None:
    """Waits until the player was told."""
    await player.listen_until(lambda: player.bot.state is State.MOVING)
    assert player.closed is None


async def test_a_draining_node_serves_on_until_proxies_know() -> None:
    """During the lead it is not ready, and still lets players in and takes commands; after it, a handshake is a 503."""
    with trio.fail_after(20):
        async with running_node() as harbour, trio.open_nursery() as nursery:
            player = await enter(harbour.port)
            nursery.start_soon(drain_of(harbour.node).run)
            await eventually(lambda: harbour.node.draining)
            late = await enter(harbour.port)
            assert (await player.do("sail", dx=1.0)).code == ""
            assert harbour.node.admits
            await is_asked_to_move(player)
            await is_asked_to_move(late)
            refused = await connect(harbour.port)
            await refused.send(HANDSHAKE)
            head = (await refused.read_head()).lower()
            assert head.startswith(b"http/1.1 503 ")
            assert b"\r\nretry-after: 1\r\n" in head
            nursery.cancel_scope.cancel()


async def test_an_empty_node_ends_at_once() -> None:
    """There is nobody to wait for, however long the lead."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            assert await drained_s(harbour, DrainConfig(lead_s=30)) < 1.0


async def test_who_moves_takes_the_session_along() -> None:
    """Asked to move, a player resumes on the other node with the same avatar, while the old node still serves; the
    drain ends as soon as the last one is gone, without a Close."""
    with trio.fail_after(20):
        server, directory = memory_server(), memory_directory()
        async with (
            running_node(server=server, directory=directory) as here,
            running_node(server=server, directory=directory, name="node2") as there,
            trio.open_nursery() as nursery,
        ):
            player = await enter(here.port)
            ended = trio.Event()

            async def drain() -> None:
                await drain_of(here.node).run()
                ended.set()

            nursery.start_soon(drain)
            await is_asked_to_move(player)
            assert (await player.do("sail", dx=7.0)).code == ""
            avatar, new = player.bot.avatar, await knock(there.port)
            player.bot.disconnected()
            player.bot.resumes = True
            await new.say(player.bot.hello())
            await player.peer.stream.aclose()
            player.peer = new.peer
            await player.listen_until(lambda: player.bot.state is State.JOINED)
            assert player.bot.avatar == avatar
            await ended.wait()
            assert (await player.do("sail", dx=7.0)).code == ""
            assert [(tail.node, tail.away_since_ms) for tail in tails(here)] == [(there.node.owner, 0)]


async def test_who_does_not_follow_is_closed_and_away() -> None:
    """Clients that do not know ``moving`` are closed with a code to come back; their rows say that they are away."""
    with trio.fail_after(20):
        async with running_node() as harbour, trio.open_nursery() as nursery:
            players = [await enter(harbour.port) for _ in range(3)]
            nursery.start_soon(drain_of(harbour.node).run)
            for player in players:
                assert await player.read_close() == close_codes.NODE_DRAINING
                await player.peer.stream.aclose()
            await eventually(lambda: all(tail.away_since_ms for tail in tails(harbour)))
            assert len(tails(harbour)) == 3
            assert not harbour.node.connections


async def test_silent_peers_do_not_hold_it_up() -> None:
    """Peers that never answer a Close cost a bounded time, and their sessions are handed over all the same (S23)."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            for _ in range(5):
                await enter(harbour.port)
            config = DrainConfig(lead_s=0, patience_s=0.1, limit_s=0.5)
            assert await drained_s(harbour, config) < config.limit_s + OVERTIME_S
            assert [bool(tail.away_since_ms) for tail in tails(harbour)] == [True] * 5
            assert harbour.node.connections == set()


async def test_a_second_signal_hastens_it() -> None:
    """Nobody is waited for any more: everybody is closed at once."""
    with trio.fail_after(20):
        async with running_node() as harbour, trio.open_nursery() as nursery:
            player = await enter(harbour.port)
            drain = drain_of(harbour.node, DrainConfig(lead_s=60, limit_s=90))
            nursery.start_soon(drain.run)
            await eventually(lambda: harbour.node.draining)
            drain.hasten()
            assert await player.read_close() == close_codes.NODE_DRAINING


async def test_a_store_that_hangs_does_not_hold_it_up() -> None:
    """The ends of sessions cannot be committed: it gives up in time (S07)."""
    with trio.fail_after(20):
        async with running_node() as harbour:
            await enter(harbour.port)
            harbour.store.commit_gate = trio.Event()
            config = DrainConfig(lead_s=0, patience_s=0, limit_s=0.3)
            assert 0.5 < await drained_s(harbour, config) < config.limit_s + OVERTIME_S


async def test_another_node_leads_while_this_one_drains() -> None:
    """The lease is given back before the first player moves, not when its time to live is over (S07)."""
    with trio.fail_after(20):
        server, directory = memory_server(), memory_directory()
        async with (
            running_node(server=server, directory=directory) as here,
            running_node(server=server, directory=directory, name="node2") as there,
            trio.open_nursery() as nursery,
        ):
            player = await enter(here.port)
            await eventually(lambda: leader(here) == here.node.owner)
            onlooker = await enter(there.port)
            nursery.start_soon(drain_of(here.node).run)
            await is_asked_to_move(player)
            with trio.fail_after(1.5):
                await eventually(lambda: leader(here) == there.node.owner)
            assert onlooker.closed is None
            nursery.cancel_scope.cancel()


async def test_a_node_that_ends_leaves_the_directory() -> None:
    """Others need not wait for its last sign of life to grow old; so it is when it is merely cancelled (S07)."""
    with trio.fail_after(20):
        directory = memory_directory()
        async with running_node(directory=directory) as harbour:
            await eventually(lambda: bool(directory.model.nodes()))
            assert [entry.name for entry in await directory.nodes()] == [harbour.node.owner]
        assert await directory.nodes() == []


def leader(harbour: Harbour) -> str:
    """Who holds the bay's lease, by the store."""
    row = harbour.server.model.leases.get((BAY, LEADER))
    return row.owner if row is not None else ""
