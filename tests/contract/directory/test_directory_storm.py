"""S24: four hundred players storm a hundred seats through four clients, and half of those who get in die on the way."""

from __future__ import annotations

import random

import attrs
import trio

from shared_state.directory import Directory
from shared_state.directory_entry import Reservation, WorldEntry
from shared_state.names import session_id, world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, LONG_S, Harbour

QUAY = world_name("quay")
SEATS, PLAYERS = 100, 400
WAIT_S = 1.0


@attrs.define(eq=False)
class Storm:
    """What became of the players."""

    harbour: Harbour
    rng: random.Random
    seated: int = 0
    died: int = 0
    refused: int = 0
    most_seen: int = 0

    async def play(self, number: int) -> None:
        """One player: reserves, perhaps dies, else confirms."""
        directory = self.harbour.clients[number % len(self.harbour.clients)]
        reserved = await directory.reserve(QUAY, WAIT_S)
        if not isinstance(reserved, Reservation):
            self.refused += 1
        elif self.rng.random() < 0.5:
            self.died += 1
        else:
            await self.take(directory, reserved, number)

    async def take(self, directory: Directory, reserved: Reservation, number: int) -> None:
        """Confirms, as a client does that may not have heard the first answer."""
        for _ in range(self.rng.choice((1, 2))):
            seat = await directory.confirm(reserved.token, session_id(f"s{number}"), ANN, LONG_S)
            assert seat is not None
        self.seated += 1

    async def watch(self) -> None:
        """Looks on, for ever."""
        while True:
            entry = await self.harbour.clients[-1].get(QUAY)
            assert isinstance(entry, WorldEntry)
            self.most_seen = max(self.most_seen, entry.used)
            await trio.lowlevel.checkpoint()


@within(30)
async def test_a_storm_on_a_full_world(harbour: Harbour) -> None:
    """Never more than a hundred are held, and within the time to live of a reservation all hundred are reachable."""
    await harbour.make("quay", SEATS)
    storm = Storm(harbour, random.Random(24))
    async with trio.open_nursery() as watching:
        watching.start_soon(storm.watch)
        async with trio.open_nursery() as nursery:
            for number in range(PLAYERS):
                nursery.start_soon(storm.play, number)
        watching.cancel_scope.cancel()
    assert storm.seated + storm.died == SEATS
    assert storm.refused == PLAYERS - SEATS
    assert 0 < storm.most_seen <= SEATS
    assert await harbour.used("quay") == SEATS
    await harbour.pass_time(WAIT_S)
    assert await harbour.used("quay") == storm.seated
    for _ in range(storm.died):
        await harbour.hold("quay")
    assert not isinstance(await harbour.other.reserve(QUAY, LONG_S), Reservation)


@within(30)
async def test_cancelled_calls_leave_no_ghost_seats(harbour: Harbour) -> None:
    """A caller that is cut off in the middle of any call holds nothing for longer than a time to live."""
    await harbour.make("quay", SEATS)

    async def cut_off(number: int, directory: Directory) -> None:
        with trio.move_on_after(0.0005 * (number % 12)):
            reserved = await directory.reserve(QUAY, WAIT_S)
            assert isinstance(reserved, Reservation)
            await directory.confirm(reserved.token, session_id(f"s{number}"), ANN, WAIT_S)
            await directory.release(ANN, session_id(f"s{number}"))

    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(cut_off, number, harbour.clients[number % len(harbour.clients)])
    await harbour.pass_time(WAIT_S + 0.1)
    assert await harbour.used("quay") == 0
    assert isinstance(await harbour.other.reserve(QUAY, WAIT_S, SEATS), Reservation)
