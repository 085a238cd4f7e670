"""Leases: one owner, rising tokens, nothing comes back to life."""

from __future__ import annotations

import math

import pytest

from shared_state.names import LeaseName, lease_name
from shared_state.store import LeaseGrant, Store
from tests.contract.conftest import Target
from tests.contract.deadline import within

NAME = lease_name("leader")


async def must_take(store: Store, target: Target, owner: str, ttl_s: float, name: LeaseName = NAME) -> LeaseGrant:
    """A lease that is known to be free."""
    grant = await store.take_lease(target.world, name, owner, ttl_s)
    assert grant is not None
    return grant


@within(20)
async def test_a_lease_has_one_owner(target: Target) -> None:
    """Taken, it is refused to others until it is released; other names are free."""
    grant = await must_take(target.store, target, "ann", 10)
    assert (grant.name, grant.owner, grant.ttl_s) == (NAME, "ann", 10)
    assert await target.other.take_lease(target.world, NAME, "bob", 10) is None
    await must_take(target.other, target, "bob", 10, lease_name("wreck"))
    assert await target.store.release_lease(target.world, grant)
    successor = await must_take(target.other, target, "bob", 10)
    assert successor.token > grant.token


@within(20)
async def test_an_owner_that_takes_again_gets_a_new_token(target: Target) -> None:
    """A restarted owner fences what it did before."""
    first = await must_take(target.store, target, "ann", 10)
    second = await must_take(target.store, target, "ann", 10)
    assert second.token > first.token
    assert not await target.store.renew_lease(target.world, first)
    assert await target.store.renew_lease(target.world, second)


@within(20)
async def test_an_expired_lease_is_lost_even_when_nobody_took_it(target: Target) -> None:
    """Renewing or releasing late says that it was lost, and changes nothing."""
    grant = await must_take(target.store, target, "ann", 0.05)
    await target.pass_time(0.06)
    assert not await target.store.renew_lease(target.world, grant)
    assert not await target.store.release_lease(target.world, grant)
    await must_take(target.other, target, "bob", 10)


@within(20)
async def test_renewing_extends(target: Target) -> None:
    """A lease renewed in time outlives its first term."""
    grant = await must_take(target.store, target, "ann", 0.2)
    for _ in range(3):
        await target.pass_time(0.1)
        assert await target.store.renew_lease(target.world, grant)
    assert await target.other.take_lease(target.world, NAME, "bob", 1) is None


@within(20)
async def test_a_late_release_does_not_free_the_successors_lease(target: Target) -> None:
    """Release and renewal act under their own token only."""
    old = await must_take(target.store, target, "ann", 0.05)
    await target.pass_time(0.06)
    new = await must_take(target.other, target, "bob", 10)
    assert not await target.store.release_lease(target.world, old)
    assert not await target.store.renew_lease(target.world, old)
    assert await target.store.take_lease(target.world, NAME, "cid", 1) is None
    assert await target.other.renew_lease(target.world, new)


@within(20)
async def test_a_released_lease_stays_released(target: Target) -> None:
    """Nothing renews it, nothing releases it twice."""
    grant = await must_take(target.store, target, "ann", 10)
    assert await target.store.release_lease(target.world, grant)
    assert not await target.store.renew_lease(target.world, grant)
    assert not await target.store.release_lease(target.world, grant)


@within(20)
async def test_tokens_only_rise(target: Target) -> None:
    """Through owners, releases and expiries; and they start at the store's clock, so a lost row repeats none."""
    tokens = []
    for number in range(20):
        grant = await must_take(target.store, target, f"owner-{number}", 0.002)
        tokens.append(grant.token)
        if number % 2:
            await target.store.release_lease(target.world, grant)
        else:
            await target.pass_time(0.003)
    assert tokens == sorted(set(tokens))
    assert tokens[0] > 1_700_000_000_000_000


@pytest.mark.parametrize("ttl_s", [0, -1, -0.001, math.nan, math.inf])
@within(20)
async def test_a_lease_without_a_life_time_is_refused(target: Target, ttl_s: float) -> None:
    """S19: no time, negative time, no end: neither taken nor renewed."""
    with pytest.raises(ValueError, match="above zero"):
        await target.store.take_lease(target.world, NAME, "ann", ttl_s)
    grant = await must_take(target.store, target, "ann", 10)
    with pytest.raises(ValueError, match="above zero"):
        await target.store.renew_lease(target.world, LeaseGrant(NAME, "ann", grant.token, ttl_s))
    assert await target.store.renew_lease(target.world, grant)


@within(20)
async def test_a_fraction_of_a_millisecond_is_a_life_time(target: Target) -> None:
    """S19: a tiny time to live is short, not endless and not an error."""
    await must_take(target.store, target, "ann", 0.000_000_1)
    await target.pass_time(0.001)
    assert (await must_take(target.other, target, "bob", 1)).owner == "bob"
