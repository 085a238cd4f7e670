"""Open worlds: several nodes share one, and it outlives what happens to the store."""

from __future__ import annotations

import copy

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state.committer import CommitLimits
from shared_state.delta import decode_delta
from shared_state.errors import IncompatibleWorld, StoreUnavailable
from shared_state.job import Job, SessionWriter, advance_to, open_row
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import session_id
from shared_state.outcome import Committed, Outcome, Rejected, Rejection
from shared_state.schema import Schema
from shared_state.transaction import Transaction
from shared_state.world import World, open_world
from tests.unit.shared_state.flaky_store import Fault, FlakyStore
from tests.unit.shared_state.small_world import (
    SCHEMA,
    WORLD,
    Boat,
    Note,
    clock_ms,
    memory_server,
    put_boat,
    until,
    verify_same,
)

DEADLINE_S = 1000


def verify_all(server: MemoryServer, *worlds: World) -> None:
    """Fails unless all replicas equal the store."""
    for world in worlds:
        verify_same(world.replica, server.model.worlds[WORLD])


async def open_session(world: World, name: str = "s1") -> SessionWriter:
    """A session served by this node."""
    writer, outcomes = world.writer(session_id(name)), list[Outcome]()
    world.submit(Job(put_boat(name=name), outcomes.append, writer, open_row, opens=True, tail=b"t"))
    await until(lambda: outcomes)
    assert isinstance(outcomes[0], Committed)
    return writer


async def test_nodes_see_each_others_writes(autojump_clock: MockClock) -> None:
    """What one node commits is in every node's replica."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server, push_after_reply=True), WORLD, SCHEMA, clock_ms) as b,
        ):
            for world in (a, b, a):
                await world.transact(put_boat())
            await wait_all_tasks_blocked()
            verify_all(server, a, b)
            assert len(a.replica.entities) == 3


async def test_two_nodes_that_change_one_entity_lose_no_update(autojump_clock: MockClock) -> None:
    """Read-modify-write from two nodes at once: each increment counts."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server, push_after_reply=True), WORLD, SCHEMA, clock_ms) as b,
            trio.open_nursery() as nursery,
        ):
            await a.transact(put_boat())
            boat = next(iter(a.replica.entities))

            def increment(tx: Transaction) -> None:
                value = tx.get(boat, Boat)
                assert value is not None
                tx.patch(boat, gold=value.gold + 1)

            for world in (a, b):
                for _ in range(30):
                    nursery.start_soon(world.transact, increment)
        assert server.model.worlds[WORLD].state[str(boat)][8:] == SCHEMA.encode(Boat(60, 0, 0))


async def test_a_refusal_is_an_outcome(autojump_clock: MockClock) -> None:
    """Nothing is written; the outcome names the version that it was decided on."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as world:
            await world.transact(put_boat())
            assert await world.transact(lambda tx: Rejection("no", "text")) == Rejected(1, Rejection("no", "text"))


async def test_a_world_of_another_schema_cannot_be_opened(autojump_clock: MockClock) -> None:
    """Two games do not write into one world."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms):
            pass
        with pytest.RaisesGroup(IncompatibleWorld):
            async with open_world(MemoryStore(server), WORLD, Schema([Note]), clock_ms):
                pytest.fail("it opened")
        assert server.model.worlds[WORLD].schema == SCHEMA.fingerprint


async def test_a_world_opens_when_the_store_comes(autojump_clock: MockClock) -> None:
    """A node that is started before its store waits."""
    server = memory_server()
    store = FlakyStore(MemoryStore(server))
    store.plan("attach", *[Fault(error_before=StoreUnavailable("not yet"))] * 10)
    with trio.fail_after(DEADLINE_S):
        async with open_world(store, WORLD, SCHEMA, clock_ms) as world:
            assert isinstance(await world.transact(put_boat()), Committed)


async def test_watchers_are_told_of_advances_and_resets(autojump_clock: MockClock) -> None:
    """Each delta is an advance; a new history is a reset with its reason."""
    server, told = memory_server(), list[str]()
    with trio.fail_after(DEADLINE_S):
        async with open_world(
            MemoryStore(server),
            WORLD,
            SCHEMA,
            clock_ms,
            on_advance=lambda: told.append("advance"),
            on_reset=told.append,
        ) as world:
            await world.transact(put_boat())
            del server.model.worlds[WORLD]
            await world.transact(put_boat())
            assert told == ["advance", "epoch", "advance"]


async def test_play_goes_on_after_the_world_was_made_anew(autojump_clock: MockClock) -> None:
    """The store lost everything: both nodes reset, and sessions opened from then on play."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as b,
        ):
            await open_session(a, "s1")
            del server.model.worlds[WORLD]
            writer = await open_session(b, "s2")
            outcomes: list[Outcome] = []
            b.submit(Job(put_boat(), outcomes.append, writer, advance_to(1), 1))
            await trio.sleep(5)
            assert isinstance(outcomes[0], Committed)
            verify_all(server, a, b)
            assert isinstance(await a.transact(put_boat()), Committed)
            await wait_all_tasks_blocked()
            verify_all(server, a, b)
            assert len(a.replica.entities) == 3


@pytest.mark.parametrize("more", [0, 1, 5])
async def test_play_goes_on_after_the_world_was_rolled_back(autojump_clock: MockClock, more: int) -> None:
    """An older copy was restored: nodes agree with it, and sessions that it knows play on where it left them.

    Also those that were idle when their node found out.
    """
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as b,
        ):
            writer, idle = await open_session(a), await open_session(a, "s2")
            old = copy.deepcopy(server.model.worlds[WORLD])
            outcomes: list[Outcome] = []
            for seq in range(1, more + 1):
                a.submit(Job(put_boat(), outcomes.append, writer, advance_to(seq), seq))
                a.submit(Job(put_boat(), outcomes.append, idle, advance_to(seq), seq))
                await trio.sleep(0.1)
            server.model.worlds[WORLD] = old
            await b.transact(put_boat())
            a.submit(Job(put_boat(), outcomes.append, writer, advance_to(more + 1), more + 1))
            await trio.sleep(5)
            a.submit(Job(put_boat(), outcomes.append, idle, advance_to(more + 1), more + 1))
            await trio.sleep(5)
            assert [type(outcome) for outcome in outcomes] == [Committed] * 2 * (more + 1)
            verify_all(server, a, b)
            assert len(a.replica.entities) == 5
            # A store that nobody had been promised more of has lost nothing.
            assert a.replica.epoch == ("epoch-2" if more else "epoch-1")


@pytest.mark.parametrize("effect", [False, True])
async def test_commands_in_flight_when_the_store_goes_back_take_effect_once(
    autojump_clock: MockClock, effect: bool
) -> None:
    """Done before the store went back and lost with it, or never done: the row of the older copy decides."""
    server = memory_server()
    store = FlakyStore(MemoryStore(server))
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(store, WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as b,
        ):
            writer = await open_session(a)
            outcomes: list[Outcome] = []
            a.submit(Job(put_boat(name="kept"), outcomes.append, writer, advance_to(1), 1))
            await until(lambda: outcomes)
            old = copy.deepcopy(server.model.worlds[WORLD])
            await b.transact(put_boat(name="lost"))

            def go_back() -> None:
                server.model.worlds[WORLD] = old

            away = StoreUnavailable("away")
            if effect:
                store.plan("commit", Fault(error_after=away, act_after=go_back))
            else:
                go_back()
            for seq in (2, 3):
                a.submit(Job(put_boat(name=f"{seq}"), outcomes.append, writer, advance_to(seq), seq))
            await until(lambda: len(outcomes) == 3)
            await trio.sleep(5)
            assert [type(outcome) for outcome in outcomes] == [Committed] * 3
            verify_all(server, a, b)
            assert a.replica.epoch == "epoch-2"
            names = sorted(
                entity.value.name for entity in a.replica.entities.values() if isinstance(entity.value, Boat)
            )
            assert names == ["2", "3", "kept", "s1"]


async def test_an_idle_writer_that_the_older_copy_knows_finds_out_by_its_answer(autojump_clock: MockClock) -> None:
    """Its batch follows on there and is taken; the version answered was seen before, so heads are compared first."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with (
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as a,
            open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms) as b,
        ):
            await a.transact(put_boat())
            old = copy.deepcopy(server.model.worlds[WORLD])
            for _ in range(3):
                await b.transact(put_boat())
            server.model.worlds[WORLD] = old
            await a.transact(put_boat(name="mine"))
            verify_same(a.replica, server.model.worlds[WORLD])
            assert a.replica.epoch == "epoch-2"
            assert len(a.replica.entities) == 2


async def test_a_forgotten_writer_compares_before_it_writes_again(autojump_clock: MockClock) -> None:
    """A writer that the older copy does not know makes no version in the epoch that lost history."""
    server = memory_server()
    store = FlakyStore(MemoryStore(server))
    with trio.fail_after(DEADLINE_S):
        async with open_world(store, WORLD, SCHEMA, clock_ms) as a:
            old = copy.deepcopy(server.model.worlds[WORLD])
            await a.transact(put_boat(name="lost"))
            await a.transact(put_boat(name="lost"))
            server.model.worlds[WORLD] = old
            store.plan("head", Fault(error_before=StoreUnavailable("away")))
            await a.transact(put_boat(name="kept"))
            epochs = {decode_delta(payload).epoch for _, payload in old.log}
            assert epochs == {"epoch-2"}
            verify_all(server, a)


async def test_a_small_log_is_enough_for_nodes_that_keep_up(autojump_clock: MockClock) -> None:
    """The log's bound is the committer's, and nobody who hears every delta needs more."""
    server = memory_server()
    with trio.fail_after(DEADLINE_S):
        async with open_world(MemoryStore(server), WORLD, SCHEMA, clock_ms, limits=CommitLimits(log_length=3)) as world:
            for _ in range(10):
                await world.transact(put_boat())
            assert len(server.model.worlds[WORLD].log) == 3
            assert world.follower.counts.snapshots == 1


async def test_a_closed_world_leaves_nothing_running(autojump_clock: MockClock) -> None:
    """After the context no listener of it is left at the store, and a writer can be given back twice."""
    server = memory_server()
    store = MemoryStore(server)
    with trio.fail_after(DEADLINE_S):
        async with open_world(store, WORLD, SCHEMA, clock_ms) as world:
            writer = world.writer(session_id("s1"))
            world.forget(writer)
            world.forget(writer)
            assert not world.committer.writers
            assert store._listeners[WORLD] == [world.follower]
    assert store._listeners[WORLD] == []
