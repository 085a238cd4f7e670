"""Committed transactions per second of one process that drives its own committer; store and node CPU per transaction.

    python -m bench.commit.throughput [seconds]

Everything is real but the players: rule, transaction, batch, link, Valkey, commit script, delta, replica. As many
jobs are kept waiting as sessions exist; each moves its own entity and advances its session.
"""

from __future__ import annotations

import json
import sys
import time

import attrs
import trio

from shared_state.committer import CommitLimits
from shared_state.embedded import embedded_store
from shared_state.entity import EntityId
from shared_state.job import Job, SessionWriter, advance_to, open_row
from shared_state.names import SessionId, WorldName
from shared_state.outcome import Committed, Outcome, Rejection
from shared_state.redis.store import open_store
from shared_state.schema import Kind, Schema
from shared_state.transaction import Transaction
from shared_state.world import World, open_world

SESSIONS = 512
WORLD = WorldName("bench")


class Boat(Kind, frozen=True):
    """What each session moves."""

    x: int
    y: int
    name: str


@attrs.define(eq=False)
class Rower:
    """A session that always has one command waiting."""

    world: World
    writer: SessionWriter
    boat: EntityId = EntityId(0)
    seq: int = 0
    committed: int = 0

    def enter(self) -> None:
        """Makes the boat."""
        self.world.submit(
            Job(self._create, self._entered, self.writer, open_row, tail=b"\x94\x01\xa1n\x00\xc4\x00", opens=True)
        )

    def row(self) -> None:
        """Submits the next command."""
        self.seq += 1
        self.world.submit(Job(self._move, self._done, self.writer, advance_to(self.seq), self.seq))

    def _create(self, tx: Transaction) -> Rejection | None:
        self.boat = tx.create(Boat(1, 1, self.writer.id))
        return None

    def _entered(self, outcome: Outcome) -> None:
        assert isinstance(outcome, Committed), outcome
        self.row()

    def _move(self, tx: Transaction) -> Rejection | None:
        boat = tx.get(self.boat, Boat)
        assert boat is not None
        tx.patch(self.boat, x=(boat.x + 7) % 4000, y=(boat.y + 3) % 4000)
        return None

    def _done(self, outcome: Outcome) -> None:
        self.committed += isinstance(outcome, Committed)
        self.row()


async def measure(seconds: float, limits: CommitLimits) -> dict[str, float]:
    """One run."""
    async with (
        embedded_store() as embedded,
        open_store(embedded.url) as store,
        open_world(store, WORLD, Schema([Boat], 250.0), lambda: 0, limits=limits) as world,
    ):
        rowers = [Rower(world, world.writer(SessionId(f"s{number}"))) for number in range(SESSIONS)]
        for rower in rowers:
            rower.enter()
        await trio.sleep(0.5)
        before = sum(rower.committed for rower in rowers)
        store_s, node_s, started = (await store.info()).cpu_s, time.process_time(), time.perf_counter()
        batches = world.committer.counts.batches
        await trio.sleep(seconds)
        count = sum(rower.committed for rower in rowers) - before
        store_s, node_s = (await store.info()).cpu_s - store_s, time.process_time() - node_s
        return {
            "batch": round(count / (world.committer.counts.batches - batches), 1),
            "per_s": round(count / (time.perf_counter() - started)),
            "store_us": round(store_s / count * 1e6, 2),
            "node_us": round(node_s / count * 1e6, 2),
        }


def main() -> None:
    """Prints a table and a JSON line."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    rows = []
    print(f"{'batch':>8}{'per s':>10}{'store us':>10}{'node us':>10}")
    for jobs in (16, 64, 128, 256):
        row = trio.run(measure, seconds, CommitLimits(batch_jobs=jobs, pause_s=0.0))
        rows.append(row)
        print(f"{row['batch']:>8}{row['per_s']:>10}{row['store_us']:>10}{row['node_us']:>10}")
    print(json.dumps({"commit_throughput": rows}))


if __name__ == "__main__":
    main()
