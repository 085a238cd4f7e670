"""What the store of a running cluster has of a world, read by the test itself."""

from __future__ import annotations

from collections import Counter

import attrs
import trio

from server.game import Game
from server.games.flotsam import game as flotsam
from server.games.flotsam.world import Boat
from shared_state.delta import decode_delta
from shared_state.names import WorldName
from shared_state.redis.store import open_store
from shared_state.replica import Replica

BAY = WorldName("bay")


@attrs.frozen
class StoredWorld:
    """A world at its newest version, and how often each entity was deleted in all of its history."""

    replica: Replica
    deletions: Counter[int]
    log_is_whole: bool

    def wrong(self, game: Game) -> list[str]:
        """The invariants that do not hold."""
        return [text for _, text in game.broken(self.replica.values)]


async def read_world(url: str, game: Game) -> StoredWorld:
    """Reads snapshot and log."""
    replica = Replica(game.schema())
    async with open_store(url) as store:
        replica.load(await store.snapshot(BAY))
        log = [decode_delta(payload) for payload in await store.log_after(BAY, 0, 1_000_000)]
    deletions = Counter(w.id for delta in log for record in delta.records for w in record.writes if w.blob is None)
    versions = [delta.version for delta in log if delta.version <= replica.version]
    return StoredWorld(replica, deletions, versions == list(range(1, replica.version + 1)))


async def until_boats(url: str, count: int) -> None:
    """Waits until a bay of Flotsam has so many boats in the store."""
    with trio.fail_after(20):
        while await count_boats(url) != count:  # noqa: ASYNC110  (of another process there is no event)
            await trio.sleep(0.1)


async def count_boats(url: str) -> int:
    """The boats in a bay of Flotsam."""
    world = await read_world(url, flotsam)
    return sum(isinstance(entity.value, Boat) for entity in world.replica.entities.values())
