"""Seats and worlds over real nodes and a real store."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio

from server.config import WorldConfig, WorldsConfig
from server.wire import close_codes
from shared_state.directory_entry import WorldEntry, WorldFilter, WorldSpec
from shared_state.directory_names import world_kind
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.errors import NoStoreBinary, WorldGone
from shared_state.names import world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.store import RedisStore, open_store
from tests.integration.http_client import post
from tests.integration.player import SocketPlayer, enter, knock
from tests.integration.proxied_nodes import until
from tests.integration.whole_node import node_on

pytestmark = pytest.mark.integration

CAP, CROWD, DEAD = 100, 400, 200
RESERVE_S = 2.0
BAY = world_name("bay")


@asynccontextmanager
async def two_nodes(
    store: EmbeddedStore, worlds: WorldsConfig, grace_s: float = 15.0
) -> AsyncGenerator[tuple[list[int], RedisDirectory], None]:
    """The ports of two nodes on a store, and its directory."""
    world = WorldConfig(grace_s=grace_s)
    async with (
        node_on(store, "node1", worlds=worlds, world=world) as one,
        node_on(store, "node2", worlds=worlds, world=world) as two,
        open_store(store.url) as client,
    ):
        yield [one.port, two.port], RedisDirectory(client.topology)


@pytest.fixture
async def store() -> AsyncGenerator[EmbeddedStore, None]:
    """An empty store of its own."""
    try:
        async with embedded_store() as running:
            yield running
    except NoStoreBinary as error:
        pytest.skip(str(error))


async def bay(directory: RedisDirectory) -> WorldEntry:
    """The world's entry."""
    entry = await directory.get(BAY)
    assert entry is not None
    return entry


async def has_free(directory: RedisDirectory, seats: int) -> bool:
    """Whether so many seats are free."""
    return (await bay(directory)).free >= seats


async def test_a_crowd_never_gets_more_seats_than_there_are(store: EmbeddedStore) -> None:
    """S24: 400 come at once through two nodes, half die between reserve and join; 100 play soon after, never more."""
    with trio.fail_after(60):
        async with two_nodes(store, WorldsConfig(seats=CAP, reserve_s=RESERVE_S)) as (ports, directory):
            await directory.create(WorldSpec(world_kind("world"), CAP), BAY)
            most, refused, seated = 0, Counter[int](), list[SocketPlayer]()
            arrived = trio.Event()

            async def watch() -> None:
                nonlocal most
                while True:
                    most = max(most, (await bay(directory)).used)
                    await trio.sleep(0.005)

            async def reserve_and_die(number: int) -> None:
                await arrived.wait()
                refused[(await post(ports[number % 2], "/api/join", world="bay")).status] += 1

            async def play(number: int) -> None:
                player = await knock(ports[number % 2])
                await arrived.wait()
                await player.say(player.bot.hello())
                await player.listen_until(player.sees_itself)
                if player.closed is None:
                    seated.append(player)
                else:
                    refused[player.closed] += 1

            async with trio.open_nursery() as watching:
                watching.start_soon(watch)
                async with trio.open_nursery() as crowd:
                    for number in range(DEAD):
                        crowd.start_soon(reserve_and_die, number)
                        crowd.start_soon(play, number)
                    await trio.sleep(0.5)
                    arrived.set()
                reserved = refused[200]
                assert len(seated) + reserved == most == CAP
                assert refused[409] == DEAD - reserved
                assert refused[close_codes.WORLD_FULL] == DEAD - len(seated)
                began_s = trio.current_time()
                await until(lambda: has_free(directory, reserved))
                assert trio.current_time() - began_s < RESERVE_S + 0.5
                async with trio.open_nursery() as crowd:
                    for number in range(reserved + 10):
                        crowd.start_soon(play, number)
                assert (len(seated), (await bay(directory)).used, most) == (CAP, CAP, CAP)
                watching.cancel_scope.cancel()


async def test_create_or_join_at_once_makes_one_world(store: EmbeddedStore) -> None:
    """S24: 200 ask both nodes for a place by kind at the same instant; one makes the world, all get into it."""
    with trio.fail_after(30):
        async with two_nodes(store, WorldsConfig()) as (ports, directory):
            tickets = []

            async def join(number: int) -> None:
                tickets.append((await post(ports[number % 2], "/api/join")).value)

            async with trio.open_nursery() as nursery:
                for number in range(200):
                    nursery.start_soon(join, number)
            assert len({ticket["world"] for ticket in tickets}) == 1
            assert sum(ticket["created"] for ticket in tickets) == 1
            assert len({ticket["seat"] for ticket in tickets}) == 200
            page = await directory.list_worlds(WorldFilter())
            assert [(entry.name, entry.used) for entry in page.entries] == [(tickets[0]["world"], 200)]


async def test_a_ticket_is_a_seat_on_any_node(store: EmbeddedStore) -> None:
    """Reserved through one node, taken on the other, in a world that nobody else can enter any more."""
    with trio.fail_after(30):
        async with two_nodes(store, WorldsConfig(seats=1)) as (ports, _):
            ticket = (await post(ports[0], "/api/join")).value
            assert ticket["path"] == f"/ws/{ticket['world']}"
            other = await knock(ports[0], ticket["world"])
            await other.say(other.bot.hello())
            assert await other.read_close() == close_codes.WORLD_FULL
            player = await enter(ports[1], ticket["world"], seat=ticket["seat"])
            assert (await player.do("row", dx=1, dy=1)).code == ""


async def test_seats_of_a_dead_node_come_back(store: EmbeddedStore) -> None:
    """The other node's leader removes its players after the grace period, and their seats are free."""
    with trio.fail_after(30):
        worlds = WorldsConfig(seats=3)
        async with two_nodes(store, worlds, grace_s=0.5) as (ports, directory):
            stays = await enter(ports[0])
            async with node_on(store, "node3", worlds=worlds, world=WorldConfig(grace_s=0.5)) as dying:
                players = [await enter(dying.port) for _ in range(2)]
                assert ((await bay(directory)).used, len(players)) == (3, 2)
            await until(lambda: has_free(directory, 2))
            assert (await stays.do("row", dx=1, dy=1)).code == ""
            assert [(await (await enter(port)).do("row", dx=1, dy=1)).code for port in ports] == ["", ""]


async def test_worlds_are_made_as_far_as_the_operator_allows(store: EmbeddedStore) -> None:
    """An unknown name is refused with its own code where clients may not make worlds, and where there are too many."""
    with trio.fail_after(30):
        async with two_nodes(store, WorldsConfig(on_demand=False)) as (ports, directory):
            assert await (await knock(ports[0])).read_close() == close_codes.NO_WORLD
            assert (await post(ports[0], "/api/worlds", name="bay")).value["code"] == "not_allowed"
            await directory.create(WorldSpec(world_kind("world"), 5), BAY)
            await enter(ports[1])
        async with two_nodes(store, WorldsConfig(most=2)) as (ports, directory):
            await enter(ports[0], "quay")
            assert await (await knock(ports[1], "reef")).read_close() == close_codes.NO_WORLD
            assert (await post(ports[1], "/api/worlds")).value["code"] == "too_many_worlds"


async def is_deleted(store: RedisStore) -> bool:
    """Whether nothing is stored of the world but that it was deleted."""
    try:
        await store.head(BAY)
    except WorldGone:
        return True
    return False


async def test_an_empty_world_ends_with_its_keys(store: EmbeddedStore) -> None:
    """Some time after the last player has left, nothing of it is in the store, and its name is free again."""
    with trio.fail_after(60):
        async with two_nodes(store, WorldsConfig()) as (ports, directory), open_store(store.url) as client:
            await directory.create(WorldSpec(world_kind("world"), 5, empty_ttl_s=0.5), BAY)
            player = await enter(ports[0])
            await player.say(player.bot.goodbye())
            await player.read_close()
            await until(lambda: is_deleted(client))
            again = await enter(ports[1])
            assert (await again.do("row", dx=1, dy=1)).code == ""
