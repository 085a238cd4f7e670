"""A process that commits one purchase and is killed in the middle, for tests of exactly once; it has many lives.

``python -m tests.integration.mortal_node URL``: for each line ``WORLD PLACE`` on its input it forks a node,
which opens the world, comes in and says ``ready``; after the next line it buys. At the place that was named it stops
for good and says so: ``submitted``, ``deciding`` (in its rule), ``told`` (in what takes the outcome). Else it says the
outcome.
"""

from __future__ import annotations

import math
import os
import signal
import sys

import trio

from shared_state.job import Job, advance_to, open_row
from shared_state.names import WorldName
from shared_state.outcome import Outcome
from shared_state.redis.connection import Patience
from shared_state.redis.link import LinkTimes
from shared_state.redis.store import open_store
from shared_state.transaction import Transaction
from shared_state.world import open_world
from tests.integration.lease_node import clock_ms
from tests.integration.purchase import ANN, buy, settled
from tests.unit.shared_state.small_world import SCHEMA, put_boat

SILENT = LinkTimes(patience=Patience(ping_ticks=10_000, drop_ticks=20_000))
"""It sends nothing of itself, so that its bytes can be counted."""


def say(text: str) -> None:
    """Says it at once."""
    os.write(1, text.encode() + b"\n")


async def live(url: str, name: WorldName, place: str) -> None:
    """One life."""

    def reach(here: str) -> None:
        if here == place:
            say(here)
            signal.pause()

    def decide(tx: Transaction) -> None:
        reach("deciding")
        buy(tx)

    def be_told(outcome: Outcome) -> None:
        reach("told")
        say(type(outcome).__name__)

    async with open_store(url, times=SILENT) as store, open_world(store, name, SCHEMA, clock_ms) as world:
        writer = world.writer(ANN)
        await settled(world, [Job(put_boat(), lambda outcome: None, writer, open_row, opens=True, tail=b"t")])
        world.follower.head_check_s = math.inf
        await world.follower.compared()
        say("ready")
        await trio.lowlevel.wait_readable(0)
        os.read(0, 64)
        world.submit(Job(decide, be_told, writer, advance_to(1), 1))
        reach("submitted")
        await trio.sleep_forever()


def main(url: str) -> None:
    """Lives again and again, and says nothing beside what is above."""
    while line := os.read(0, 64).decode():
        name, _, place = line.strip().partition(" ")
        pid = os.fork()
        if pid == 0:
            trio.run(live, url, WorldName(name), place)
        say(f"pid {pid}")
        os.waitpid(pid, 0)
        say("dead")


if __name__ == "__main__":
    main(sys.argv[1])
