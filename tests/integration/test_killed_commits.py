"""A node is killed between every two steps of a commit; its player comes back through another and sends again (S04).

Every step is enumerated, none is drawn: the places in the process, then each piece of what it sends and of what it is
answered, as a rehearsal recorded them. Real processes and SIGKILL. Whatever the moment, the purchase takes effect once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal

import attrs
import pytest
import trio

from shared_state.delta import decode_delta
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.job import Job, take_over
from shared_state.names import WorldName
from shared_state.outcome import Committed
from shared_state.redis.store import RedisStore, open_store
from shared_state.session_row import unpack_head
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.contract.deadline import within
from tests.contract.servers import server_binary
from tests.integration.lease_node import clock_ms
from tests.integration.purchase import ANN, BOAT, purchase, settled
from tests.integration.turnstile import Turnstile, turnstile
from tests.unit.shared_state.small_world import SCHEMA, Boat

pytestmark = pytest.mark.integration

Late = Literal["before the resume", "before the resending", "after all"]


@attrs.frozen
class Step:
    """Where the node is when it is killed.

    Args:
        place: in the process; empty: it is the bytes that are counted.
        up, down: so many bytes of what it sends and of what it is answered have passed.
        took: whether the purchase has taken effect by then.
        late: the rest of what it sent arrives after its death.
        unseen: the store has not read what was sent yet.
    """

    place: str = ""
    up: int | None = None
    down: int | None = None
    took: bool = False
    late: Late | None = None
    unseen: bool = False


@attrs.define(eq=False)
class Scene:
    """A store, the way to it, a node with many lives, and the node that the player comes back to."""

    server: EmbeddedStore
    turnstile: Turnstile
    mortal: trio.Process
    store: RedisStore
    rival: bool
    lives: int = 0
    pid: int = 0
    _heard: bytes = b""

    async def hear(self) -> str:
        """What the mortal node says next."""
        assert self.mortal.stdout is not None
        while b"\n" not in self._heard:
            said = await self.mortal.stdout.receive_some()
            assert said, "the node has ended"
            self._heard += said
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    async def tell(self, line: str) -> None:
        """Tells the mortal node something."""
        assert self.mortal.stdin is not None
        await self.mortal.stdin.send_all(line.encode() + b"\n")

    async def rehearse(self) -> tuple[bytes, bytes, int]:
        """What a purchase sends, what it is answered, and how much of that came before the last of what it sent."""
        for _ in range(2):  # the first one brings scripts that the store has not run yet
            await self.check_life(Step(place="told", took=True))
        return bytes(self.turnstile.up.passed), bytes(self.turnstile.down.passed), self.turnstile.asked_at[-1]

    async def check_life(self, step: Step) -> None:
        """A life: the node comes in and buys, is killed at the step, and the player goes on elsewhere."""
        self.lives += 1
        name = WorldName(f"life-{self.lives:06}")
        self.turnstile.set()
        await self.tell(f"{name} {step.place}")
        said = [await self.hear(), await self.hear()]
        self.pid = next(int(line[4:]) for line in said if line.startswith("pid "))
        assert "ready" in said
        async with open_world(self.store, name, SCHEMA, clock_ms) as world:
            self.turnstile.set(step.up, step.down, holds_down=self.rival)
            if self.rival:
                assert isinstance(await world.transact(_disturb), Committed)
            await self._buy_and_die(step)
            await self._come_back(step, world)
        await self._judge(name)

    def kill(self) -> None:
        """Kills the node, if it lives."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.pid = 0

    async def _buy_and_die(self, step: Step) -> None:
        if step.unseen:
            os.kill(self.server.pid, signal.SIGSTOP)
        self.turnstile.lingers = step.late is not None
        await self.tell("buy")
        if step.place:
            while await self.hear() != step.place:
                pass
        else:
            await self.turnstile.reached.wait()
        self.kill()
        while await self.hear() != "dead":
            pass
        if step.unseen:
            os.kill(self.server.pid, signal.SIGCONT)

    async def _come_back(self, step: Step, world: World) -> None:
        """Resumes the session, and sends again what the session's row does not say was done."""
        if step.late == "before the resume":
            await self.turnstile.hand_over()
        while True:
            writer = world.writer(ANN)
            writer.head = unpack_head(await self.store.session_row(world.name, ANN))
            assert writer.head is not None
            take = Job(lambda tx: None, lambda outcome: None, writer, take_over(7), strict=True)
            if [type(outcome) for outcome in await settled(world, [take])] == [Committed]:
                break
        took = writer.head.seq == 1
        if not step.unseen and step.late != "before the resume":
            assert took == step.took
        if step.late == "before the resending":
            await self.turnstile.hand_over()
        if not took:
            assert [type(outcome) for outcome in await settled(world, [purchase(writer, 1)])] == [Committed]
        if step.late == "after all":
            await self.turnstile.hand_over()

    async def _judge(self, name: WorldName) -> None:
        log = [decode_delta(payload) for payload in await self.store.log_after(name, 0, 100)]
        assert [record.seq for delta in log for record in delta.records if record.session == ANN].count(1) == 1
        snapshot = await self.store.snapshot(name)
        assert SCHEMA.decode(snapshot.state[BOAT][8:]) == Boat(gold=0, x=1, y=float(self.rival))


def _disturb(tx: Transaction) -> None:
    """Another player changes the boat, which the node has not heard of when it buys."""
    boat = tx.get(BOAT, Boat)
    assert boat is not None
    tx.patch(BOAT, y=boat.y + 1)


def cuts(stream: bytes) -> list[int]:
    """Places in what is sent: behind each line end, which ends each part, and within the part that follows."""
    ends = [at + 2 for at in range(len(stream)) if stream[at : at + 2] == b"\r\n"]
    return sorted({at for end in ends for at in (end, end + 1) if at < len(stream)})


@asynccontextmanager
async def scene(kind: str, *, rival: bool) -> AsyncIterator[Scene]:
    """All that a test needs."""
    async with (
        embedded_store(binary=server_binary(kind)) as server,
        turnstile(server.url) as way,
        open_store(server.url) as store,
        trio.open_nursery() as nursery,
    ):
        command = [sys.executable, "-m", "tests.integration.mortal_node", way.url]
        run = partial(trio.run_process, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, check=False)
        mortal = await nursery.start(run)
        here = Scene(server, way, mortal, store, rival)
        try:
            yield here
        finally:
            here.kill()
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(180)
async def test_a_purchase_whose_node_is_killed_at_any_step_is_made_once(kind: str) -> None:
    """In the process, in the middle of what it sends, with all sent, in the middle of the answer, and answered."""
    async with scene(kind, rival=False) as here:
        sent, answered, _ = await here.rehearse()
        assert sent.count(b"EVALSHA") == 1
        assert answered.startswith(b">" if kind == "redis" else b"$")
        before = [Step(place="submitted"), Step(place="deciding")]
        sending = [Step(up=at) for at in (0, *cuts(sent))]
        answering = [Step(down=at, took=True) for at in (0, *cuts(answered), len(answered))]
        after = [Step(place="told", took=True), Step(place="Committed", took=True)]
        for step in [*before, *sending, *answering, *after]:
            await here.check_life(step)
        assert (len(sending), len(answering)) > (45, 15)


@within(180)
async def test_a_purchase_that_meets_a_conflict_is_made_once() -> None:
    """It is sent whole, step by step when that is in doubt, and after the rule has run again."""
    async with scene("valkey", rival=True) as here:
        sent, answered, before_last = await here.rehearse()
        assert sent.count(b"EVALSHA") == 3
        assert answered.count(b"DOUBT") == 1
        for step in [Step(up=at) for at in (0, *cuts(sent))]:
            await here.check_life(step)
        for at in cuts(answered):
            await here.check_life(Step(down=at, took=at > before_last))
        assert here.lives > 180


@pytest.mark.parametrize("late", ["before the resume", "before the resending", "after all"])
@pytest.mark.parametrize("rival", [False, True])
@within(60)
async def test_what_a_dead_node_sent_arrives_late(late: Late, rival: bool) -> None:
    """Its last byte comes when the player is about to resume, has resumed, has sent again."""
    async with scene("valkey", rival=rival) as here:
        sent, _, _ = await here.rehearse()
        await here.check_life(Step(up=len(sent) - 1, late=late, took=False))


@pytest.mark.parametrize("kind", ["valkey", "redis"])
@within(60)
async def test_what_a_dead_node_sent_has_not_been_read_yet(kind: str) -> None:
    """The store was stopped when the node sent and died."""
    async with scene(kind, rival=False) as here:
        sent, _, _ = await here.rehearse()
        await here.check_life(Step(up=len(sent), unseen=True))
