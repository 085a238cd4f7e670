"""A process that seats players in a world and keeps their seats, for tests that kill it.

``python -m tests.integration.directory_node URL WORLD NODE PLAYERS TTL_S``: every second player never confirms. It
prints the sessions that it seated on a line that begins with ``seated:``, and renews them until it is killed.
"""

from __future__ import annotations

import sys

import trio

from shared_state.directory import Directory
from shared_state.directory_entry import Reservation
from shared_state.directory_names import NodeName, node_name
from shared_state.names import SessionId, WorldName, session_id, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.store import open_store


async def seat_players(
    directory: Directory, world: WorldName, node: NodeName, players: int, ttl_s: float
) -> list[SessionId]:
    """Lets all of them in at once. Returns: those with a seat."""
    seated: list[SessionId] = []

    async def enter(number: int) -> None:
        session = session_id(f"{node}-{number}")
        reserved = await directory.reserve(world, ttl_s)
        if isinstance(reserved, Reservation) and number % 2:
            assert await directory.confirm(reserved.token, session, node, ttl_s) is not None
            seated.append(session)

    async with trio.open_nursery() as nursery:
        for number in range(players):
            nursery.start_soon(enter, number)
    return seated


async def main(url: str, world: WorldName, node: NodeName, players: int, ttl_s: float) -> None:
    """Seats and renews, for ever."""
    async with open_store(url) as store:
        directory = RedisDirectory(store.topology)
        seated = await seat_players(directory, world, node, players, ttl_s)
        sys.stdout.write(" ".join(["seated:", *seated]) + "\n")
        sys.stdout.flush()
        while True:
            await directory.beat(node, "", ttl_s, {"seats": len(seated)})
            await directory.renew(node, seated, ttl_s)
            await trio.sleep(ttl_s / 5)


if __name__ == "__main__":
    _, url_, world_, node_, players_, ttl_ = sys.argv
    trio.run(main, url_, world_name(world_), node_name(node_), int(players_), float(ttl_))
