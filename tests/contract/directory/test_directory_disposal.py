"""Disposal: empty worlds end, others never do, and a name comes back only when its keys are gone."""

from __future__ import annotations

import trio

from shared_state.directory import SWEPT_AT_ONCE, Directory
from shared_state.directory_entry import NameTaken, NoWorld, Reservation
from shared_state.names import WorldName, session_id, world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, LONG_S, Harbour, bay

QUAY = world_name("quay")
SESSION = session_id("s1")
EMPTY_S, SHORT_S, PAST_SHORT_S = 0.3, 0.05, 0.06


@within(20)
async def test_a_world_that_nobody_entered_ends(harbour: Harbour) -> None:
    """S24: also one that was made and never used."""
    await harbour.make("quay", empty_ttl_s=EMPTY_S)
    assert await harbour.directory.sweep() == []
    await harbour.pass_time(EMPTY_S + 0.01)
    assert await harbour.directory.sweep() == [QUAY]
    assert await harbour.other.get(QUAY) is None
    assert await harbour.other.reserve(QUAY, LONG_S) == NoWorld(QUAY)


@within(20)
async def test_a_world_in_use_stays(harbour: Harbour) -> None:
    """A seat taken or only reserved keeps it, however long; the time counts from the moment it is empty again."""
    await harbour.make("quay", empty_ttl_s=EMPTY_S)
    reserved = await harbour.hold("quay")
    await harbour.pass_time(EMPTY_S + 0.01)
    assert await harbour.directory.sweep() == []
    await harbour.directory.confirm(reserved.token, SESSION, ANN, LONG_S)
    await harbour.pass_time(EMPTY_S + 0.01)
    assert await harbour.directory.sweep() == []
    await harbour.directory.release(ANN, SESSION)
    assert await harbour.directory.sweep() == []
    await harbour.pass_time(EMPTY_S + 0.01)
    assert await harbour.directory.sweep() == [QUAY]


@within(20)
async def test_the_time_counts_from_when_the_last_seat_ran_out(harbour: Harbour) -> None:
    """Not from when somebody noticed."""
    await harbour.make("quay", empty_ttl_s=EMPTY_S)
    await harbour.hold("quay", ttl_s=SHORT_S / 2)
    await harbour.hold("quay", ttl_s=SHORT_S)
    await harbour.pass_time(SHORT_S + EMPTY_S + 0.01)
    assert await harbour.directory.sweep() == [QUAY]


@within(20)
async def test_a_seat_that_ran_out_just_now_is_not_the_end(harbour: Harbour) -> None:
    """The world stays for its empty time after that, and who comes in it saves it."""
    await harbour.make("quay", empty_ttl_s=2)
    await harbour.hold("quay", ttl_s=SHORT_S)
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.directory.sweep() == []
    await harbour.hold("quay")
    await harbour.pass_time(2.1)
    assert await harbour.directory.sweep() == []


@within(20)
async def test_a_persistent_world_stays(harbour: Harbour) -> None:
    """Empty from the start, and emptied."""
    await harbour.make("quay", persistent=True, empty_ttl_s=SHORT_S)
    await harbour.hold("quay", ttl_s=SHORT_S)
    await harbour.pass_time(3 * SHORT_S)
    assert await harbour.directory.sweep() == []
    assert await harbour.used("quay") == 0


@within(20)
async def test_a_name_is_handed_to_one_sweeper(harbour: Harbour) -> None:
    """Of many sweepers at once each world is given to one; the name is free after ``forget``."""
    names = {world_name(f"quay-{number:03}") for number in range(SWEPT_AT_ONCE + 20)}
    for name in names:
        await harbour.make(name, empty_ttl_s=SHORT_S)
    await harbour.pass_time(PAST_SHORT_S)
    swept: list[WorldName] = []

    async def sweep(directory: Directory) -> None:
        found = await directory.sweep()
        assert len(found) <= SWEPT_AT_ONCE
        swept.extend(found)

    async with trio.open_nursery() as nursery:
        for client in harbour.clients:
            nursery.start_soon(sweep, client)
    assert sorted(swept) == sorted(names)
    assert isinstance(await harbour.directory.create(bay(), swept[0]), NameTaken)
    await harbour.other.forget(swept[:1])
    await harbour.other.forget([])
    await harbour.make(swept[0])
    assert isinstance(await harbour.directory.create(bay(), swept[1]), NameTaken)


@within(30)
async def test_nobody_gets_into_a_world_that_ends(harbour: Harbour) -> None:
    """With joins and sweeps at the same time a seat is either in a world that is there, or was not given."""
    await harbour.make("quay", 100, empty_ttl_s=SHORT_S)
    await harbour.pass_time(SHORT_S)
    given: list[Reservation] = []
    swept: list[WorldName] = []

    async def reserve(directory: Directory) -> None:
        reserved = await directory.reserve(QUAY, LONG_S)
        if isinstance(reserved, Reservation):
            given.append(reserved)

    async def sweep(directory: Directory) -> None:
        swept.extend(await directory.sweep())

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon((reserve, sweep)[number % 2], harbour.clients[number % len(harbour.clients)])
    entry = await harbour.directory.get(QUAY)
    assert (entry is None) == (swept == [QUAY])
    assert len(given) == (entry.used if entry else 0)
