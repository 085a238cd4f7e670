"""When the server refuses, nothing is half done (S21). Real servers only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared_state.directory_entry import Kick, Reservation, WorldFilter
from shared_state.directory_names import ReservationToken
from shared_state.errors import StoreError
from shared_state.names import session_id, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.keys import DIRECTORY, DIRECTORY_KEYS
from shared_state.redis.store import open_store
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, BOB, LONG_S, bay

QUAY, REEF = world_name("quay"), world_name("reef")
SESSION = session_id("s")
Call = Callable[[RedisDirectory, ReservationToken], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "create": lambda directory, _: directory.create(bay(), REEF),
    "get": lambda directory, _: directory.get(QUAY),
    "list": lambda directory, _: directory.list_worlds(WorldFilter()),
    "replace": lambda directory, _: directory.replace_metadata(QUAY, {"x": 1}),
    "remove": lambda directory, _: directory.remove(QUAY),
    "reserve": lambda directory, _: directory.reserve(QUAY, LONG_S),
    "join": lambda directory, _: directory.join_or_create(bay(), LONG_S),
    "confirm": lambda directory, token: directory.confirm(token, SESSION, BOB, LONG_S),
    "cancel": lambda directory, token: directory.cancel(token),
    "take over": lambda directory, _: directory.take_over(SESSION, BOB, LONG_S),
    "renew": lambda directory, _: directory.renew(ANN, [SESSION], 1.0),
    "release": lambda directory, _: directory.release(ANN, SESSION),
    "sweep": lambda directory, _: directory.sweep(),
}


async def store_call(directory: RedisDirectory, *args: str) -> Any:
    """A command of the test's own."""
    return await directory.topology.link_for(DIRECTORY).call(*args)


async def dump(directory: RedisDirectory) -> list[Any]:
    """Every key, byte for byte."""
    return [await store_call(directory, "DUMP", key) for key in (*DIRECTORY_KEYS.ledger, *DIRECTORY_KEYS.liveness)]


async def busy(directory: RedisDirectory) -> ReservationToken:
    """A directory with something in every key. Returns: a reservation's token."""
    await directory.create(bay(4, empty_ttl_s=0.000_001), REEF)
    await directory.sweep()
    await directory.create(bay(4), world_name("empty"))
    await directory.create(bay(8), QUAY)
    reserved = await directory.reserve(QUAY, LONG_S, 3)
    assert isinstance(reserved, Reservation)
    await directory.confirm(reserved.token, SESSION, ANN, LONG_S)
    await directory.beat(ANN, "a", LONG_S, {})
    assert None not in await dump(directory)
    return reserved.token


@pytest.mark.parametrize("key", DIRECTORY_KEYS.ledger)
@within(20)
async def test_a_damaged_key_refuses_every_call(real_directory: RedisDirectory, key: str) -> None:
    """Whichever key is of a wrong type, also one that the call would write last, no other is touched."""
    token = await busy(real_directory)
    await store_call(real_directory, "SET", key, "damaged")
    before = await dump(real_directory)
    for call in CALLS.values():
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await call(real_directory, token)
        assert await dump(real_directory) == before
    await store_call(real_directory, "DEL", key)


@pytest.mark.parametrize("key", DIRECTORY_KEYS.liveness)
@within(20)
async def test_a_damaged_key_refuses_every_beat(real_directory: RedisDirectory, key: str) -> None:
    """Nodes and their beats change together or not at all."""
    await busy(real_directory)
    await store_call(real_directory, "SET", key, "damaged")
    before = await dump(real_directory)
    for call in (
        real_directory.beat(BOB, "b", LONG_S, {}),
        real_directory.ask_to_drain(ANN),
        real_directory.leave(ANN),
        real_directory.ask_to_kick(ANN, Kick(QUAY, SESSION)),
    ):
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await call
        assert await dump(real_directory) == before
    await store_call(real_directory, "DEL", key)


@within(20)
async def test_a_full_memory_refuses_every_call_at_its_start(real_directory: RedisDirectory) -> None:
    """Nothing is written; with memory again the same calls work."""
    token = await busy(real_directory)
    before = await dump(real_directory)
    await store_call(real_directory, "CONFIG", "SET", "maxmemory", "1")
    try:
        for call in CALLS.values():
            with pytest.raises(StoreError, match="OOM"):
                await call(real_directory, token)
        assert [node.name for node in await real_directory.nodes()] == [ANN]
        assert await dump(real_directory) == before
    finally:
        await store_call(real_directory, "CONFIG", "SET", "maxmemory", "0")
    seat = await real_directory.confirm(token, SESSION, BOB, LONG_S)
    assert seat is not None


@within(20)
async def test_a_server_that_forgot_the_scripts_is_given_them(real_directory: RedisDirectory) -> None:
    """S26: after a flush every call works at once."""
    token = await busy(real_directory)
    for call in CALLS.values():
        await store_call(real_directory, "SCRIPT", "FLUSH")
        await call(real_directory, token)
    assert await real_directory.get(QUAY) is None


@pytest.mark.parametrize("rule", ["-hset", "-hdel", "-zadd", "-zrem"])
@within(20)
async def test_a_user_that_may_not_do_everything_does_nothing(real_directory: RedisDirectory, rule: str) -> None:
    """Not the half that it may do: every call is refused at its start."""
    token = await busy(real_directory)
    before = await dump(real_directory)
    address = real_directory.topology.link_for(DIRECTORY).address
    await store_call(real_directory, "ACL", "SETUSER", "weak", "reset", "on", ">secret", "~*", "&*", "+@all")
    async with open_store(f"unix://weak:secret@{address.path}") as store:
        await store_call(real_directory, "ACL", "SETUSER", "weak", rule)
        for call in CALLS.values():
            with pytest.raises(StoreError, match="may not write the directory"):
                await call(RedisDirectory(store.topology), token)
    assert await dump(real_directory) == before
