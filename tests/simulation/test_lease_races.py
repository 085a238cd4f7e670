"""S19: releases, renewals, expiries and takings in any order; the watching eye of the store sees nothing wrong."""

from __future__ import annotations

import random

import pytest

from shared_state.names import lease_name, world_name
from shared_state.store import LeaseGrant
from shared_state.store_model import START_OF_2026_S
from tests.simulation.watched_store import WatchedStore

WORLD, NAME = world_name("house"), lease_name("wreck")
TTL_US = 1000
STEPS = 10_000


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_steps_leave_one_owner(seed: int) -> None:
    """S19: owners hold on to old grants and renew and release by them, late; none comes back to life, none frees
    another's lease, and a lease always ends."""
    rng = random.Random(seed)
    clock_us = [START_OF_2026_S * 1_000_000]
    store = WatchedStore(lambda: clock_us[0], lambda: "e")
    grants: list[LeaseGrant] = []
    done = dict.fromkeys(["taken", "renewed", "released", "too late"], 0)
    for _ in range(STEPS):
        clock_us[0] += rng.choice([0, 1, TTL_US // 3, TTL_US, 2 * TTL_US])
        stale = rng.choice(grants[-4:]) if grants else None
        match rng.choice(["take", "renew", "release"]):
            case "take":
                owner = rng.choice("abc")
                token = store.take_lease(WORLD, NAME, owner, TTL_US)
                if token is not None:
                    grants.append(LeaseGrant(NAME, owner, token, TTL_US / 1e6))
                done["taken"] += token is not None
            case "renew" if stale is not None:
                done["renewed" if store.renew_lease(WORLD, stale, TTL_US) else "too late"] += 1
            case "release" if stale is not None:
                done["released" if store.release_lease(WORLD, stale) else "too late"] += 1
        assert store.leases.get((WORLD, NAME)) is None or (
            store.leases[WORLD, NAME].expiry_us <= clock_us[0] + TTL_US
        ), "a lease without an end"
    assert store.breaches == []
    assert min(done.values()) > 100, done
