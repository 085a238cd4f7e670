"""Whether the node can serve: many ask, the store is asked seldom (CASES S25)."""

from __future__ import annotations

import attrs
import trio
from trio.testing import MockClock

from server.readiness import ANSWER_S, FRESH_S, Readiness
from shared_state.errors import StoreUnavailable
from shared_state.memory_store import MemoryStore
from shared_state.names import WorldName
from shared_state.position import Head
from tests.unit.server.quay import memory_server


@attrs.define(eq=False)
class WatchedStore(MemoryStore):
    """Counts the questions, and takes its time to answer or fails."""

    asked: int = 0
    takes_s: float = 0.0
    failure: str = ""

    async def head(self, world: WorldName) -> Head:
        self.asked += 1
        await trio.sleep(self.takes_s)
        if self.failure:
            raise StoreUnavailable(self.failure)
        return await MemoryStore.head(self, world)


async def test_a_thousand_questions_are_one_to_the_store(autojump_clock: MockClock) -> None:
    """At once and one after the other; later the store is asked again."""
    store = WatchedStore(memory_server(), takes_s=0.01)
    readiness = Readiness(store)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(500):
                nursery.start_soon(readiness.fault)
        for _ in range(500):
            assert await readiness.fault() == ""
        assert store.asked == 1
        await trio.sleep(FRESH_S * 2)
        store.failure = "no connection"
        assert "no connection" in await readiness.fault()
        assert store.asked == 2


async def test_a_silent_store_is_an_answer_too(autojump_clock: MockClock) -> None:
    """Everybody hears within the bound, however many ask."""
    readiness = Readiness(WatchedStore(memory_server(), takes_s=1e6))
    heard: list[float] = []

    async def ask() -> None:
        started_s = trio.current_time()
        assert "does not answer" in await readiness.fault()
        heard.append(trio.current_time() - started_s)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(ask)
    assert max(heard) <= ANSWER_S + 0.01


async def test_a_node_whose_replicas_are_behind_is_not_ready(autojump_clock: MockClock) -> None:
    """From that moment on, until they are current again; the store is not asked more often for it."""
    store, current = WatchedStore(memory_server()), [True]
    readiness = Readiness(store, lambda: current[0])
    with trio.fail_after(10):
        assert await readiness.fault() == ""
        current[0] = False
        assert await readiness.fault() == "no replica is current"
        current[0] = True
        assert await readiness.fault() == ""
        assert store.asked == 1
