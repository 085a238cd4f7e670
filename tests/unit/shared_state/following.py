"""A follower behind a flaky store, with a rival that writes: the scene of the tests of followers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from shared_state.follower import Follower
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.replica import Replica
from tests.unit.shared_state.flaky_store import FlakyStore, Rival
from tests.unit.shared_state.small_world import SCHEMA, WORLD, memory_server, put_boat, verify_same

NEVER = 1e9
"""Seconds between head checks where a test must be healed by something else."""


@attrs.define(eq=False)
class Scene:
    """A server, a rival that writes, and one follower behind a flaky store."""

    server: MemoryServer = attrs.field(factory=memory_server)
    store: FlakyStore = attrs.field(init=False)
    rival: Rival = attrs.field(init=False)
    replica: Replica = attrs.field(factory=lambda: Replica(SCHEMA))
    resets: list[str] = attrs.field(factory=list)
    advances: list[int] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.store = FlakyStore(MemoryStore(self.server))
        self.rival = Rival(self.server)

    def follower(self, head_check_s: float = NEVER) -> Follower:
        """A follower of the world."""
        note = lambda: self.advances.append(self.replica.version)  # noqa: E731
        return Follower(self.store, WORLD, self.replica, note, self.resets.append, head_check_s)

    @asynccontextmanager
    async def following(self, head_check_s: float = NEVER) -> AsyncGenerator[Follower, None]:
        """A follower that runs, settled on the first snapshot."""
        follower = self.follower(head_check_s)
        with trio.fail_after(1000):
            async with trio.open_nursery() as nursery:
                await nursery.start(follower.run)
                await wait_all_tasks_blocked()
                yield follower
                nursery.cancel_scope.cancel()

    def verify(self) -> None:
        """Fails unless the replica equals the store."""
        verify_same(self.replica, self.server.model.worlds[WORLD])


def memory_server_at_zero() -> MemoryServer:
    """A memory server that needs no running clock: followers take no leases."""
    server = memory_server()
    server.model.now_us = lambda: 0
    return server


def scene_with_a_boat() -> Scene:
    """A world with one boat."""
    scene = Scene(memory_server_at_zero())
    scene.rival.run(put_boat())
    return scene
