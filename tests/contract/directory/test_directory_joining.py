"""Join or create: worlds fill up one after the other, and no more are made than are needed."""

from __future__ import annotations

import pytest
import trio

from shared_state.directory import Directory
from shared_state.directory_entry import Reservation, WorldFilter, WorldSpec
from shared_state.directory_names import world_kind
from shared_state.names import world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import LONG_S, Harbour, bay

SHORT_S, PAST_SHORT_S = 0.05, 0.06


async def join_all(harbour: Harbour, spec: WorldSpec, calls: int) -> list[Reservation]:
    """So many calls at once, through all clients."""
    joined: list[Reservation] = []

    async def join(directory: Directory) -> None:
        joined.append(await directory.join_or_create(spec, LONG_S))

    async with trio.open_nursery() as nursery:
        for number in range(calls):
            nursery.start_soon(join, harbour.clients[number % len(harbour.clients)])
    return joined


@pytest.mark.parametrize(("seats", "worlds"), [(200, 1), (199, 2), (50, 4), (30, 7)])
@within(30)
async def test_calls_at_once_make_as_few_worlds_as_they_need(harbour: Harbour, seats: int, worlds: int) -> None:
    """S24: two hundred callers, and exactly as many worlds as they fill."""
    joined = await join_all(harbour, bay(seats), 200)
    assert len({reserved.token for reserved in joined}) == 200
    assert sum(reserved.created for reserved in joined) == worlds
    page = await harbour.other.list_worlds(WorldFilter())
    assert {entry.name for entry in page.entries} == {reserved.world for reserved in joined}
    assert sorted(entry.used for entry in page.entries) == sorted(
        [seats] * (200 // seats) + [200 % seats] * (200 % seats > 0)
    )


@within(20)
async def test_the_fullest_world_is_joined(harbour: Harbour) -> None:
    """Worlds fill up, so that the others empty and end; full ones and too full ones are passed over."""
    for name, held in (("empty", 0), ("half", 2), ("most", 3), ("full", 4)):
        await harbour.make(name, 4)
        if held:
            await harbour.hold(name, held)
    party = await harbour.other.join_or_create(bay(), LONG_S, 2)
    assert (party.world, party.count, party.created) == ("half", 2, False)
    names = [(await harbour.other.join_or_create(bay(), LONG_S)).world for _ in range(5)]
    assert names == ["most", "empty", "empty", "empty", "empty"]
    assert (await harbour.other.join_or_create(bay(), LONG_S)).created


@within(20)
async def test_only_public_worlds_of_the_kind_are_joined(harbour: Harbour) -> None:
    """A private one and one of a kind with a similar name are not."""
    await harbour.make("secret", 4, private=True)
    await harbour.directory.create(WorldSpec(world_kind("bay.far"), 4), world_name("far"))
    await harbour.directory.create(WorldSpec(world_kind("ba"), 4), world_name("near"))
    joined = await harbour.other.join_or_create(bay(9, metadata={"mode": "calm"}, persistent=True), LONG_S)
    assert joined.created
    entry = await harbour.directory.get(joined.world)
    assert entry is not None
    assert (entry.seats, entry.used, entry.metadata, entry.persistent) == (9, 1, {"mode": "calm"}, True)


@within(20)
async def test_seats_that_ran_out_are_joined_again(harbour: Harbour) -> None:
    """A world full of reservations that nobody used is not full."""
    await harbour.make("quay", 2)
    await harbour.hold("quay", 2, ttl_s=SHORT_S)
    await harbour.pass_time(PAST_SHORT_S)
    joined = await harbour.other.join_or_create(bay(2), LONG_S, 2)
    assert (joined.world, joined.created) == ("quay", False)


@within(20)
async def test_what_cannot_be_joined_is_refused(harbour: Harbour) -> None:
    """A private world, and more seats than a world would have."""
    with pytest.raises(ValueError, match="private"):
        await harbour.directory.join_or_create(bay(private=True), LONG_S)
    with pytest.raises(ValueError, match="5 seats do not fit"):
        await harbour.directory.join_or_create(bay(4), LONG_S, 5)
    assert (await harbour.directory.list_worlds(WorldFilter(include_private=True))).entries == []
