"""Key names: one slot a world, no two worlds alike."""

from __future__ import annotations

from redis.crc import key_slot

from shared_state.names import world_name
from shared_state.redis.keys import world_keys


def test_all_keys_of_a_world_are_in_one_slot() -> None:
    """So that one script may touch them all, on a cluster too."""
    for name in ("bay", "a.b-c_d", "x" * 64):
        keys = world_keys(world_name(name)).all
        assert len(set(keys)) == 7
        assert {key_slot(key.encode()) for key in keys} == {key_slot(name.encode())}


def test_the_names_are_those_of_the_design() -> None:
    """Operators look for them."""
    keys = world_keys(world_name("bay"))
    assert keys.state == "oar:{bay}:state"
    parts = ["state", "cells", "meta", "log", "sessions", "leases", "delta"]
    assert keys.all == tuple(f"oar:{{bay}}:{part}" for part in parts)
