"""Checks a game's invariants while it is played: a replica beside the nodes', and every version it stops at.

Must not know: who asks for the figures. Invariant: it only reads.
"""

from __future__ import annotations

import attrs
import structlog
import trio

from server.game import Game
from shared_state.errors import StoreError, WorldGone
from shared_state.follower import Follower
from shared_state.names import WorldName
from shared_state.redis.store import open_store
from shared_state.replica import Replica
from shared_state.store import Store

log = structlog.get_logger()

CHECK_EVERY_S = 0.25
"""At most: between two checks the world moves on by some versions, which are not looked at."""
LOOK_AGAIN_S = 0.5


@attrs.define(eq=False)
class InvariantWatch:
    """The checks of one world, and what they found."""

    store_url: str
    world: WorldName
    game: Game
    checked: int = 0
    violations: int = 0
    version: int = 0
    last: str = ""
    _moved: trio.Event = attrs.field(factory=trio.Event)

    def figures(self) -> dict[str, int | str]:
        """What was found so far; ``last`` is the newest violation's text."""
        return {
            "world": self.world,
            "version": self.version,
            "checked": self.checked,
            "violations": self.violations,
            "last": self.last,
        }

    async def run(self) -> None:
        """Watches until cancelled, through ends and beginnings of the world and of the store."""
        async with open_store(self.store_url, client_name="oarlock-watch") as store:
            while True:
                try:
                    await self._watch(store)
                except* (StoreError, WorldGone) as group:
                    log.info("world not watched", world=self.world, reason=str(group.exceptions[0]))
                await trio.sleep(LOOK_AGAIN_S)

    async def _watch(self, store: Store) -> None:
        """Follows the world, once there is one."""
        if not (await store.head(self.world)).epoch:
            return
        replica = Replica(self.game.schema())
        follower = Follower(store, self.world, replica, self._on_moved, lambda _reason: self._on_moved())
        async with trio.open_nursery() as nursery:
            await nursery.start(follower.run)
            while True:
                self._check(replica)
                await trio.sleep(CHECK_EVERY_S)
                await self._moved.wait()
                self._moved = trio.Event()

    def _on_moved(self) -> None:
        self._moved.set()

    def _check(self, replica: Replica) -> None:
        replica.drain()
        if not replica.epoch:
            return  # It is about to be loaded anew.
        entities = {entity_id: entity.value for entity_id, entity in replica.entities.items()}
        wrong = [text for text in (invariant.check(entities) for invariant in self.game.invariants) if text]
        self.checked += 1
        self.version = replica.version
        self.violations += bool(wrong)
        self.last = wrong[0] if wrong else self.last
