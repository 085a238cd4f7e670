"""Many players on two nodes want the same thing at the same moment: one has it, the others hear why not (S15)."""

from __future__ import annotations

from collections import Counter

import pytest
import trio

from client_bot.facts import Answered
from server.launch.cluster import ClusterPlan, open_cluster
from tests.e2e.scramble import CRATES, GOLD, Boat, Crate, game
from tests.e2e.stored_world import read_world
from tests.integration.player import SocketPlayer, enter

pytestmark = pytest.mark.e2e

PLAYERS = 40


async def test_each_crate_is_taken_exactly_once() -> None:
    """Forty players grab at each of the crates, at once: one acknowledgement, one deletion in the log, no gold more."""
    with trio.fail_after(60):
        async with open_cluster(ClusterPlan(nodes=2, port=0, game="tests.e2e.scramble:game")) as cluster:
            players = [await enter(cluster.port) for _ in range(PLAYERS)]
            assert {player.bot.welcome.node for player in players if player.bot.welcome} == {"node1", "node2"}
            crates = await crates_in_view(players[0])
            async with trio.open_nursery() as nursery:
                for player in players:
                    nursery.start_soon(grab_all, player, crates)
            world = await read_world(cluster.store_url, game)

    taken = Counter((crates[fact.sent.seq - 1], fact.ack.code) for player in players for fact in answers_of(player))
    assert taken == {(crate, code): n for crate in crates for code, n in (("", 1), ("gone", PLAYERS - 1))}
    assert {crate: world.deletions[crate] for crate in crates} == dict.fromkeys(crates, 1)
    assert world.log_is_whole
    assert world.wrong(game) == []
    values = [entity.value for entity in world.replica.entities.values()]
    assert sum(value.gold for value in values if isinstance(value, Boat)) == CRATES * GOLD
    assert not any(isinstance(value, Crate) for value in values)
    assert all(player.is_content() for player in players)
    assert sum(player.bot.tally.stale_acks for player in players) == 0


async def crates_in_view(player: SocketPlayer) -> list[int]:
    """Waits until the crates are laid out. Returns: their ids."""
    mirror = player.bot.mirror
    assert mirror is not None
    await player.listen_until(lambda: len(list(mirror.find("Crate"))) == CRATES)
    return sorted(crate for crate, _ in mirror.find("Crate"))


async def grab_all(player: SocketPlayer, crates: list[int]) -> None:
    """Grabs at every crate in order, command number n at crate n, without waiting in between."""
    for crate in crates:
        await player.order("grab", crate=crate)
    await player.listen_until(lambda: not player.bot.in_flight.waiting)


def answers_of(player: SocketPlayer) -> list[Answered]:
    """The answers that a player got."""
    return [fact for fact in player.facts if isinstance(fact, Answered)]
