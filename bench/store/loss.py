"""What is lost when the store restarts or fails over under 200 commands a second, and how long play stands still.

    python -m bench.store.loss

For each level of durability: acknowledged commands that the store does not have afterwards, and the longest time
without an acknowledgement. A failover is kill -9 of a primary with two replicas that a Sentinel watches; first some
replicas are cut off from it for half a second, so that they lag, as over a bad network. A restart is kill -9 and a
start from what the server left in its directory.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from server.launch.ports import free_ports
from shared_state.embedded import embedded_store
from shared_state.names import world_name
from shared_state.outcome import Committed
from shared_state.redis.durability import Durability
from shared_state.redis.store import RedisStore, open_store
from shared_state.replica import Replica
from shared_state.schema import Kind, Schema
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.contract.store_groups import watched_primary

WORLD = world_name("bay")
RATE_HZ = 200
CALM_S = 1.0
CUT_OFF_S = 0.5
AFTER_S = 5.0
GIVE_UP_S = 5.0
ON_DISK = ("--appendonly", "yes", "--appendfsync", "always")


class Mark(Kind, frozen=True):
    """What a command leaves."""

    number: int


SCHEMA = Schema([Mark], 10.0)


@attrs.frozen
class Loss:
    """What became of the commands of one run."""

    fault: str
    level: str
    acknowledged: int
    lost: int
    stood_still_s: float


@attrs.define(eq=False)
class Players:
    """Commands at a steady rate, and when they were acknowledged."""

    world: World
    acknowledged: dict[int, float] = attrs.field(factory=dict)
    sent: int = 0

    async def play(self, seconds: float, nursery: trio.Nursery) -> None:
        """Sends commands, not waiting for their answers."""
        ends_s = trio.current_time() + seconds
        due_s = trio.current_time()
        while due_s < ends_s:
            nursery.start_soon(self._command, self.sent)
            self.sent += 1
            due_s += 1 / RATE_HZ
            await trio.sleep_until(due_s)

    async def _command(self, number: int) -> None:
        def rule(tx: Transaction) -> None:
            tx.create(Mark(number))

        if isinstance(await self.world.transact(rule), Committed):
            self.acknowledged[number] = trio.current_time()

    def stood_still_s(self) -> float:
        """The longest time between two acknowledgements."""
        times = sorted(self.acknowledged.values())
        return max((b - a for a, b in itertools.pairwise(times)), default=0.0)


async def fail_over(level: str, cut_off: int = 0) -> Loss:
    """kill -9 of the primary; one of two replicas, of which some are cut off before, is promoted by a Sentinel."""
    durability = Durability.parse(level)
    async with (
        watched_primary(options=ON_DISK, replicas=2) as group,
        _playing(group.url, durability) as (store, players),
    ):
        async with trio.open_nursery() as nursery:
            await players.play(CALM_S, nursery)
            for replica in group.replicas[:cut_off]:
                replica.admin.replicaof("127.0.0.1", "1")
            await players.play(CUT_OFF_S, nursery)
            group.primary.kill()
            await _rest(players, nursery)
        return await _count(f"failover, {cut_off} of 2 cut off", level, store, players)


async def restart(level: str, options: tuple[str, ...]) -> Loss:
    """kill -9, and a start from what was left."""
    with tempfile.TemporaryDirectory() as name:
        async with trio.open_nursery() as servers:
            server = _Restarted(Path(name), free_ports(1)[0], options)
            await servers.start(server.run)
            async with _playing(server.url, Durability.parse(level)) as (store, players):
                async with trio.open_nursery() as nursery:
                    await players.play(CALM_S, nursery)
                    server.kill()
                    await _rest(players, nursery)
                loss = await _count("restart" if options else "restart, nothing kept", level, store, players)
            servers.cancel_scope.cancel()
    return loss


@attrs.define(eq=False)
class _Restarted:
    home: Path
    port: int
    options: tuple[str, ...]
    pid: int = 0
    _died: trio.Event = attrs.field(factory=trio.Event)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with self._server() as self.pid:
            task_status.started()
            await self._died.wait()
        async with self._server():
            await trio.sleep_forever()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._died.set()

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[int]:
        async with embedded_store(tcp=True, tcp_port=self.port, directory=self.home, options=self.options) as store:
            yield store.pid


@asynccontextmanager
async def _playing(url: str, durability: Durability) -> AsyncIterator[tuple[RedisStore, Players]]:
    async with (
        open_store(url, durability=durability) as store,
        open_world(store, WORLD, SCHEMA, lambda: time.time_ns() // 1_000_000) as world,
    ):
        yield store, Players(world)


async def _rest(players: Players, nursery: trio.Nursery) -> None:
    """Goes on playing; what is not answered then is given up."""
    await players.play(AFTER_S, nursery)
    nursery.cancel_scope.deadline = trio.current_time() + GIVE_UP_S


async def _count(fault: str, level: str, store: RedisStore, players: Players) -> Loss:
    replica = Replica(SCHEMA)
    replica.load(await store.snapshot(WORLD))
    there = {entity.value.number for entity in replica.entities.values() if isinstance(entity.value, Mark)}
    acknowledged = players.acknowledged.keys()
    return Loss(fault, level, len(acknowledged), len(acknowledged - there), round(players.stood_still_s(), 2))


async def measure() -> list[Loss]:
    """All faults, all levels that are made for them."""
    losses = [await fail_over(level) for level in ("memory", "replica", "disk:1")]
    losses += [await fail_over(level, cut_off=1) for level in ("replica", "disk:1")]
    losses.append(await fail_over("memory", cut_off=2))
    losses += [await restart("memory", ()), await restart("memory", ON_DISK), await restart("disk", ON_DISK)]
    return losses


def main() -> None:
    """Prints a table and one line of JSON."""
    losses = trio.run(measure)
    print(f"{'fault':<26}{'level':<10}{'acknowledged':>13}{'lost':>6}{'stood still, s':>16}")
    for loss in losses:
        print(f"{loss.fault:<26}{loss.level:<10}{loss.acknowledged:>13}{loss.lost:>6}{loss.stood_still_s:>16.2f}")
    print(json.dumps({"benchmark": "store.loss", "figures": [attrs.asdict(loss) for loss in losses]}))


if __name__ == "__main__":
    main()
