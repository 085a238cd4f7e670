"""Lease keepers: never sure for too long, never two owners, and gone when they stop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.lease import RELEASE_DEADLINE_S, LeaseKeeper
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import lease_name
from shared_state.store import LeaseGrant
from tests.unit.shared_state.flaky_store import Fault, FlakyStore
from tests.unit.shared_state.small_world import WORLD, memory_server

NAME = lease_name("leader")
TTL_S = 3.0
AWAY = StoreUnavailable("away")


@attrs.define(eq=False)
class Dock:
    """A server with a lease, and keepers that run for it."""

    server: MemoryServer = attrs.field(factory=memory_server)

    def keeper(self, owner: str = "a") -> tuple[LeaseKeeper, FlakyStore]:
        """A keeper with a store of its own."""
        store = FlakyStore(MemoryStore(self.server))
        return LeaseKeeper(store, WORLD, NAME, owner, TTL_S), store

    def expiry_s(self) -> float:
        """Seconds that the stored lease still has; below zero: it is free."""
        model = self.server.model
        return (model.leases[WORLD, NAME].expiry_us - model.now_us()) / 1e6

    def holder(self) -> str:
        """The owner by the store; empty when it is free."""
        row = self.server.model.leases.get((WORLD, NAME))
        return row.owner if row and self.expiry_s() > 0 else ""


@asynccontextmanager
async def running(keeper: LeaseKeeper) -> AsyncGenerator[trio.CancelScope, None]:
    """The keeper at work; leaves when it has stopped."""
    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()

            async def run() -> None:
                with scope:
                    await keeper.run()

            nursery.start_soon(run)
            await wait_all_tasks_blocked()
            yield scope
            scope.cancel()


async def test_a_free_lease_is_taken_and_kept(autojump_clock: MockClock) -> None:
    """It is renewed long before it ends, under one token, for as long as the keeper runs."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        first = keeper.grant
        assert first is not None
        for _ in range(50):
            await trio.sleep(0.7)
            assert keeper.grant == first
            assert dock.expiry_s() > TTL_S / 2
        assert store.calls["take_lease"] == 1


async def test_a_held_lease_is_not_taken(autojump_clock: MockClock) -> None:
    """The second keeper waits, and takes over with a higher token soon after the first is gone."""
    dock = Dock()
    first, second = dock.keeper("a")[0], dock.keeper("b")[0]
    async with running(first) as scope, running(second):
        await trio.sleep(10)
        token = first.grant.token if first.grant else 0
        assert second.grant is None
        scope.cancel()
        await trio.sleep(TTL_S / 3 + 0.1)
        assert second.grant is not None
        assert second.grant.token > token
        assert first.grant is None


async def test_a_lost_lease_is_known_within_a_renewal_period(autojump_clock: MockClock) -> None:
    """When the store gave it to another, the keeper stops being sure at its next renewal."""
    dock = Dock()
    keeper, _ = dock.keeper()
    async with running(keeper):
        await steal(dock)
        await trio.sleep(TTL_S / 3 + 0.1)
        assert keeper.grant is None
        assert dock.holder() == "thief"


async def test_an_owner_is_told_of_its_loss_within_a_renewal_period(autojump_clock: MockClock) -> None:
    """S19: whoever waits for it is woken by the store's "no", though the keeper may soon hold the lease again."""
    dock = Dock()
    keeper, _ = dock.keeper()
    async with running(keeper):
        grant = await keeper.until_held(0)
        assert grant is not None
        thief = await steal(dock)
        await MemoryStore(dock.server).release_lease(WORLD, thief)
        with trio.fail_after(TTL_S / 3 + 0.1):
            await keeper.until_lost(grant)
        again = await keeper.until_held(TTL_S)
        assert again is not None
        assert again.token > thief.token > grant.token


async def test_an_owner_without_an_answer_is_told_when_its_time_is_up(autojump_clock: MockClock) -> None:
    """S19: and when it gives the lease back, at once."""
    dock = Dock()
    keeper, store = dock.keeper()
    told_s: list[float] = []

    async def wait(grant: LeaseGrant) -> None:
        await keeper.until_lost(grant)
        told_s.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        async with running(keeper):
            began_s = trio.current_time()
            store.plan("renew_lease", Fault(gate_before=trio.Event()))
            grant = await keeper.until_held(0)
            assert grant is not None
            nursery.start_soon(wait, grant)
            await trio.sleep(TTL_S * 2)
            assert told_s == [pytest.approx(began_s + TTL_S)]
        other, _ = dock.keeper()
        async with running(other):
            keeper = other
            grant = await other.until_held(TTL_S)
            assert grant is not None
            nursery.start_soon(wait, grant)
            await wait_all_tasks_blocked()
            stopped_s = trio.current_time()
    assert told_s[1] == stopped_s


async def test_a_lease_is_waited_for_with_a_bound(autojump_clock: MockClock) -> None:
    """It comes when the other one goes; if that takes too long, there is none."""
    dock = Dock()
    first, second = dock.keeper("a")[0], dock.keeper("b")[0]
    async with running(first) as scope, running(second):
        assert await second.until_held(10) is None
        scope.cancel()
        grant = await second.until_held(TTL_S)
        assert grant is not None
        assert grant.owner == "b"


async def steal(dock: Dock) -> LeaseGrant:
    """Another owner gets the lease, as after an expiry."""
    model = dock.server.model
    row = model.leases[WORLD, NAME]
    model.leases[WORLD, NAME] = attrs.evolve(row, expiry_us=0)
    grant = await MemoryStore(dock.server).take_lease(WORLD, NAME, "thief", 1000)
    assert grant is not None
    return grant


@pytest.mark.parametrize("error", [None, AWAY])
async def test_a_lost_lease_is_not_shown_while_it_is_asked_for_again(
    autojump_clock: MockClock, error: StoreError | None
) -> None:
    """From the store's "no" on there is no grant, even if the next question hangs or fails."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        await steal(dock)
        gate = trio.Event()
        store.plan("take_lease", Fault(gate_before=gate) if error is None else Fault(error_before=error))
        await trio.sleep(TTL_S / 3 + 0.1)
        assert keeper.grant is None
        gate.set()


async def test_without_an_answer_a_keeper_is_sure_until_the_lease_may_have_ended(autojump_clock: MockClock) -> None:
    """A renewal that hangs: the grant ends by the clock, counted from when the last good one was asked for."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        gate = trio.Event()
        store.plan("renew_lease", Fault(gate_before=gate))
        await trio.sleep(TTL_S - 0.1)
        assert keeper.grant is not None
        assert dock.holder() == "a"
        await trio.sleep(0.2)
        assert keeper.grant is None
        gate.set()
        await trio.sleep(TTL_S)
        assert keeper.grant is not None


async def test_a_late_good_answer_does_not_count_from_its_arrival(autojump_clock: MockClock) -> None:
    """A renewal whose answer takes longer than the lease lives makes nobody sure."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        gate = trio.Event()
        store.plan("renew_lease", Fault(gate_after=gate))
        await trio.sleep(TTL_S * 2)
        gate.set()
        await wait_all_tasks_blocked()
        assert keeper.grant is None
        assert dock.holder() == ""


async def test_a_store_that_is_away_for_a_while_costs_certainty_and_no_more(autojump_clock: MockClock) -> None:
    """S19: away for one and a half lives: no grant meanwhile, and one again when the store is back."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        store.plan("renew_lease", *[Fault(error_before=AWAY)] * 5)
        await trio.sleep(TTL_S * 1.5)
        assert keeper.grant is None
        await trio.sleep(TTL_S)
        assert keeper.grant is not None


async def test_a_cancelled_keeper_releases(autojump_clock: MockClock) -> None:
    """S07: the lease is free at once, though the keeper was cancelled and may not wait."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        assert dock.holder() == "a"
    assert dock.holder() == ""
    assert keeper.grant is None
    assert store.calls["release_lease"] == 1


@pytest.mark.parametrize("error", [AWAY, StoreError("refused")])
async def test_a_release_that_fails_raises_nothing(autojump_clock: MockClock, error: StoreError) -> None:
    """The lease ends by itself; the keeper's end is no failure of the node."""
    dock = Dock()
    keeper, store = dock.keeper()
    store.plan("release_lease", Fault(error_before=error))
    async with running(keeper):
        pass
    assert dock.expiry_s() <= TTL_S


async def test_a_release_does_not_hang_with_the_store(autojump_clock: MockClock) -> None:
    """Shielded as it is, it has a deadline."""
    dock = Dock()
    keeper, store = dock.keeper()
    store.plan("release_lease", Fault(gate_before=trio.Event()))
    async with running(keeper):
        before_s = trio.current_time()
    assert trio.current_time() - before_s == pytest.approx(RELEASE_DEADLINE_S)


async def test_a_release_during_a_renewal_is_final(autojump_clock: MockClock) -> None:
    """S19: the renewal in flight is cancelled; nothing renews the lease after its release."""
    dock = Dock()
    keeper, store = dock.keeper()
    async with running(keeper):
        store.plan("renew_lease", Fault(gate_before=trio.Event()))
        await trio.sleep(TTL_S / 3 + 0.1)
        assert store.calls["renew_lease"] == 1
    await trio.sleep(TTL_S * 3)
    assert dock.holder() == ""
    assert store.calls["renew_lease"] == 1


async def test_a_keeper_that_lost_does_not_release_anothers_lease(autojump_clock: MockClock) -> None:
    """S11, S19: paused past its lease and then stopped, it leaves the new owner alone."""
    dock = Dock()
    keeper, _ = dock.keeper()
    async with running(keeper):
        thief = await steal(dock)
    assert dock.holder() == "thief"
    assert await MemoryStore(dock.server).renew_lease(WORLD, thief)


async def test_a_keeper_that_never_held_releases_nothing(autojump_clock: MockClock) -> None:
    """Stopping while another holds the lease asks the store for nothing."""
    dock = Dock()
    first, second = dock.keeper("a")[0], dock.keeper("b")
    async with running(first):
        async with running(second[0]):
            await trio.sleep(5)
        assert second[1].calls["release_lease"] == 0
        assert first.grant is not None


async def test_there_are_never_two_who_are_sure(autojump_clock: MockClock) -> None:
    """Three keepers behind stores that fail in turn: at most one is sure, and it is the owner by the store."""
    dock = Dock()
    pairs = [dock.keeper(owner) for owner in "abc"]
    for turn, (_, store) in enumerate(pairs):
        for method in ("renew_lease", "take_lease"):
            faults = [Fault(), Fault(error_before=AWAY), Fault(error_after=AWAY)] * 20
            store.plan(method, *faults[turn:])
    led: set[str] = set()
    async with running(pairs[0][0]), running(pairs[1][0]), running(pairs[2][0]):
        for _ in range(2000):
            sure = [keeper.owner for keeper, _ in pairs if keeper.grant is not None]
            assert len(sure) <= 1
            assert sure in ([], [dock.holder()])
            led.update(sure)
            await trio.sleep(0.05)
    assert led, "nobody ever led: the test shows nothing"
