"""The operators' commands, as they are run, on a fleet of two nodes and its store."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio

from server.wire import close_codes
from tests.integration.fleet import Fleet, open_fleet
from tests.integration.player import SocketPlayer, enter, knock
from tests.integration.proxied_nodes import until

pytestmark = pytest.mark.integration


@pytest.fixture
async def fleet() -> AsyncGenerator[Fleet, None]:
    """Two nodes on an empty store."""
    async with open_fleet() as fleet:
        yield fleet


async def named(port: int, name: str) -> SocketPlayer:
    """A player of that name in the bay."""
    player = await knock(port)
    player.bot.name = name
    await player.say(player.bot.hello())
    await player.listen_until(player.sees_itself)
    return player


async def test_the_fleet_is_listed(fleet: Fleet) -> None:
    """Nodes with their load, worlds with their seats, private ones when asked for; as JSON and as a table."""
    with trio.fail_after(60):
        player = await enter(fleet.nodes[0].port)
        await trio.sleep(0.7)
        nodes = (await fleet.run("nodes", "--json")).value
        assert [node["node"].rpartition("-")[0] for node in nodes] == ["node1", "node2"]
        assert [(node["state"], node["sessions"]) for node in nodes] == [("up", 1), ("up", 0)]
        table = await fleet.run("nodes")
        assert (table.code, nodes[0]["node"] in table.printed, "loop lag s" in table.printed) == (0, True, True)
        (world,) = (await fleet.run("worlds", "--json")).value
        assert (world["name"], world["used"]) == ("bay", 1)
        assert "bay" in (await fleet.run("worlds")).printed
        assert (await fleet.run("worlds", "--kind", "none", "--json")).value == []
        assert player.is_content()


async def test_a_world_is_looked_into(fleet: Fleet) -> None:
    """Kinds with their numbers, players with their nodes; an entity's fields. What players are called is no markup."""
    with trio.fail_after(60):
        ann = await named(fleet.nodes[0].port, "[red]Ann[/red]")
        found = (await fleet.run("inspect", "bay", "--json")).value
        assert found["entities"]["Boat"] == 1
        assert [(player["name"], player["entity"]) for player in found["players"]] == [
            ("[red]Ann[/red]", ann.bot.avatar)
        ]
        assert "[red]Ann[/red]" in (await fleet.run("inspect", "bay")).printed
        boat = (await fleet.run("inspect", "bay", str(ann.bot.avatar), "--json")).value
        assert (boat["kind"], boat["name"]) == ("Boat", "[red]Ann[/red]")
        assert "Boat" in (await fleet.run("inspect", "bay", str(ann.bot.avatar))).printed


async def test_a_player_is_put_out(fleet: Fleet) -> None:
    """By name or session, on whichever node; told not to come back, gone from the world when the command is done."""
    with trio.fail_after(60):
        ann, ben = await named(fleet.nodes[0].port, "Ann"), await named(fleet.nodes[1].port, "Ben")
        gone = await fleet.run("kick", "bay", "Ben", "--json")
        assert (gone.code, gone.value[0]["name"], gone.value[0]["node"][:5]) == (0, "Ben", "node2")
        assert await ben.read_close() == close_codes.KICKED
        assert ann.bot.welcome is not None
        assert (await fleet.run("kick", "bay", ann.bot.welcome.session)).code == 0
        assert await ann.read_close() == close_codes.KICKED
        assert (await fleet.run("inspect", "bay", "--json")).value["players"] == []
        assert (await (await enter(fleet.nodes[0].port)).do("row", dx=1, dy=1)).code == ""


async def is_alone(fleet: Fleet) -> bool:
    """Whether one node lives."""
    return len((await fleet.run("nodes", "--json")).value) == 1


async def test_a_node_is_drained(fleet: Fleet) -> None:
    """Its players are asked to move within a second of the request, and it ends; the other one stays."""
    with trio.fail_after(60):
        player = await enter(fleet.nodes[0].port)
        drained = await fleet.run("drain", "node1")
        assert (drained.code, "asked to drain" in drained.printed) == (0, True)
        with trio.fail_after(1 + 2 + 3 + 1):
            assert await player.read_close() == close_codes.NODE_DRAINING
        await until(lambda: is_alone(fleet))
        assert (await (await enter(fleet.nodes[1].port)).do("row", dx=1, dy=1)).code == ""


MISTAKES = {
    "drain node7": "no node 'node7' lives; there are: node1-",
    "kick bay Bob": "nobody in world bay has the session or name 'Bob'",
    "kick sea Ann": "there is no world sea",
    "kick a:b Ann": "world name",
    "inspect sea": "there is no world sea",
    "inspect bay 4000000": "world bay has no entity 4000000",
    "inspect bay --game none": "none",
    "worlds --kind a:b": "world kind",
}


async def test_what_is_not_there_is_one_clear_line(fleet: Fleet) -> None:
    """Exit code 2, and nothing else is printed."""
    with trio.fail_after(60):
        player = await enter(fleet.nodes[0].port)
        await fleet.verify_refused(MISTAKES)
        assert player.is_content()


async def test_two_players_of_one_name_are_told_apart(fleet: Fleet) -> None:
    """The command names their sessions and does nothing."""
    with trio.fail_after(60):
        twins = [await named(node.port, "Ann") for node in fleet.nodes]
        ran = await fleet.run("kick", "bay", "Ann")
        sessions = [twin.bot.welcome.session for twin in twins if twin.bot.welcome]
        assert (ran.code, "2 players are called 'Ann'" in ran.errors) == (2, True)
        assert all(session in ran.errors for session in sessions)
