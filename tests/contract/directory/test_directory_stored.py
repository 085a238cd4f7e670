"""What stands in the store, read without the directory. Real servers only."""

from __future__ import annotations

from typing import Any

import pytest
from redis.crc import key_slot

from shared_state.directory_entry import Reservation
from shared_state.names import session_id, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.keys import DIRECTORY, DIRECTORY_KEYS, world_keys
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, LONG_S, bay

QUAY = world_name("quay")
ROUNDING_US = 100


async def scores(directory: RedisDirectory, key: str) -> list[int]:
    """What a sorted set is sorted by; whole numbers."""
    reply: list[Any] = await directory.topology.link_for(DIRECTORY).call("ZRANGE", key, 0, -1, "WITHSCORES")
    assert all(float(score).is_integer() for _, score in reply)
    return [int(float(score)) for _, score in reply]


@within(20)
async def test_times_are_stored_to_the_microsecond(real_directory: RedisDirectory) -> None:
    """S09: Lua on its own would write them with 14 digits, which end in hundreds of microseconds."""
    for number in range(20):
        await real_directory.create(bay(4), world_name(f"empty-{number}"))
    await real_directory.create(bay(40), QUAY)
    for number in range(20):
        reserved = await real_directory.reserve(QUAY, LONG_S)
        assert isinstance(reserved, Reservation)
        if number % 2:
            await real_directory.confirm(reserved.token, session_id(f"s{number}"), ANN, LONG_S)
        await real_directory.beat(ANN, "a", LONG_S, {})
    for key, count in ((DIRECTORY_KEYS.expiries, 20), (DIRECTORY_KEYS.idle, 20)):
        stored = await scores(real_directory, key)
        assert len(stored) == count
        assert any(score % ROUNDING_US for score in stored)


@within(20)
async def test_nothing_is_left_of_worlds_and_seats_that_ended(real_directory: RedisDirectory) -> None:
    """No key grows with what was, except by a counter."""
    for number in range(5):
        name = world_name(f"world-{number}")
        await real_directory.create(bay(4, private=number == 2, persistent=number == 3), name)
        reserved = await real_directory.reserve(name, LONG_S, 3)
        assert isinstance(reserved, Reservation)
        await real_directory.confirm(reserved.token, session_id("s"), ANN, LONG_S)
        await real_directory.cancel(reserved.token)
        await real_directory.remove(name)
    await real_directory.forget(await real_directory.sweep())
    assert not await real_directory.release(ANN, session_id("s"))
    link = real_directory.topology.link_for(DIRECTORY)
    left = [key for key in DIRECTORY_KEYS.ledger if await link.call("EXISTS", key)]
    assert set(left) <= {DIRECTORY_KEYS.used, DIRECTORY_KEYS.seats, DIRECTORY_KEYS.expiries}
    assert await link.call("HKEYS", DIRECTORY_KEYS.used) == [b":serial"]
    assert await link.call("HKEYS", DIRECTORY_KEYS.seats) == [b"s:s"]


@pytest.mark.parametrize("world", ["dir", "quay"])
def test_the_directory_has_one_slot_and_no_worlds_key(world: str) -> None:
    """All keys are in one slot, and a world that is called like the directory has others."""
    keys = [*DIRECTORY_KEYS.ledger, *DIRECTORY_KEYS.liveness]
    assert len({key_slot(key.encode()) for key in keys}) == 1
    assert set(keys).isdisjoint(world_keys(world_name(world)).all)
