"""Seats: never more than there are, and every one comes back."""

from __future__ import annotations

import math

import pytest
import trio

from shared_state.directory_entry import Full, NoWorld, Reservation, Seat
from shared_state.directory_names import NodeName, reservation_token
from shared_state.names import SessionId, session_id, world_name
from tests.contract.deadline import within
from tests.contract.directory.conftest import ANN, BOB, LONG_S, Harbour, bay

QUAY, REEF = world_name("quay"), world_name("reef")
SHORT_S, PAST_SHORT_S = 0.25, 0.26
STRANGER = reservation_token("0" * 32)


def session(number: int) -> SessionId:
    """A session's id."""
    return session_id(f"s{number}")


async def seat(harbour: Harbour, number: int, node: NodeName = ANN, ttl_s: float = LONG_S, name: str = "quay") -> Seat:
    """A seat that is known to be free, taken."""
    reserved = await harbour.hold(name)
    taken = await harbour.directory.confirm(reserved.token, session(number), node, ttl_s)
    assert taken == Seat(world_name(name), session(number), node)
    return taken


@within(20)
async def test_seats_are_reserved_up_to_the_limit(harbour: Harbour) -> None:
    """Then the answer is Full; another world is not touched; a world that is not there has no seats."""
    await harbour.make("quay", 2)
    await harbour.make("reef", 2)
    first = await harbour.hold("quay")
    second = await harbour.hold("quay")
    assert first.token != second.token
    assert await harbour.other.reserve(QUAY, LONG_S) == Full(QUAY, 0)
    assert (await harbour.used("quay"), await harbour.used("reef")) == (2, 0)
    assert await harbour.other.reserve(world_name("bay"), LONG_S) == NoWorld(world_name("bay"))


@within(20)
async def test_seats_for_several_are_reserved_together_or_not_at_all(harbour: Harbour) -> None:
    """A party that does not fit takes nothing, and is told how many would."""
    await harbour.make("quay", 5)
    party = await harbour.hold("quay", 3)
    assert await harbour.other.reserve(QUAY, LONG_S, 3) == Full(QUAY, 2)
    assert await harbour.used("quay") == 3
    for number in range(3):
        assert await harbour.other.confirm(party.token, session(number), ANN, LONG_S)
    assert await harbour.other.confirm(party.token, session(4), ANN, LONG_S) is None
    assert await harbour.used("quay") == 3


@within(20)
async def test_a_reservation_that_is_not_confirmed_comes_back(harbour: Harbour) -> None:
    """At its time to live, without anybody's help; its token is void then."""
    await harbour.make("quay", 3)
    late = await harbour.hold("quay", 3, ttl_s=SHORT_S)
    await harbour.directory.confirm(late.token, session(1), ANN, LONG_S)
    assert await harbour.other.reserve(QUAY, LONG_S) == Full(QUAY, 0)
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.used("quay") == 1
    await harbour.hold("quay", 2)
    assert await harbour.other.confirm(late.token, session(2), ANN, LONG_S) is None
    assert await harbour.used("quay") == 3


@within(20)
async def test_a_confirmed_seat_outlives_its_reservation(harbour: Harbour) -> None:
    """From then on the session's time to live counts."""
    await harbour.make("quay", 1)
    reserved = await harbour.hold("quay", ttl_s=SHORT_S)
    await harbour.directory.confirm(reserved.token, session(1), ANN, LONG_S)
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.used("quay") == 1
    assert await harbour.directory.renew(ANN, [session(1)], LONG_S) == set()


@within(20)
async def test_a_confirmation_made_twice_takes_one_seat(harbour: Harbour) -> None:
    """When its answer was lost it is sent again, perhaps from another node, which then keeps the seat."""
    await harbour.make("quay", 4)
    party = await harbour.hold("quay", 2)
    for node in (ANN, ANN, BOB):
        assert await harbour.directory.confirm(party.token, session(1), node, LONG_S) == Seat(QUAY, session(1), node)
    assert await harbour.used("quay") == 2
    assert not await harbour.directory.release(ANN, session(1))
    assert await harbour.directory.confirm(party.token, session(2), ANN, LONG_S)
    assert await harbour.directory.release(BOB, session(1))
    assert await harbour.used("quay") == 1


@pytest.mark.parametrize("second", ["quay", "reef"])
@within(20)
async def test_a_session_has_one_seat(harbour: Harbour, second: str) -> None:
    """S24: a session that takes a seat with another reservation frees the one it had, in the same step."""
    await harbour.make("quay", 2)
    await harbour.make("reef", 2)
    await seat(harbour, 1)
    await seat(harbour, 1, BOB, name=second)
    assert await harbour.used("quay") + await harbour.used("reef") == 1
    assert await harbour.used(second) == 1
    assert await harbour.directory.release(BOB, session(1))
    assert await harbour.used(second) == 0


@within(20)
async def test_a_cancelled_reservation_is_free_at_once(harbour: Harbour) -> None:
    """Only what was not yet confirmed, and once."""
    await harbour.make("quay", 3)
    party = await harbour.hold("quay", 3)
    await harbour.directory.confirm(party.token, session(1), ANN, LONG_S)
    assert await harbour.other.cancel(party.token)
    assert not await harbour.other.cancel(party.token)
    assert not await harbour.other.cancel(STRANGER)
    assert await harbour.used("quay") == 1
    assert await harbour.other.confirm(party.token, session(2), ANN, LONG_S) is None


@within(20)
async def test_a_token_of_nobody_takes_no_seat(harbour: Harbour) -> None:
    """A guessed token is worth nothing."""
    await harbour.make("quay", 1)
    assert await harbour.directory.confirm(STRANGER, session(1), ANN, LONG_S) is None
    assert await harbour.used("quay") == 0


@within(20)
async def test_seats_of_a_dead_node_come_back(harbour: Harbour) -> None:
    """Those that are renewed stay, those that are not are free at the end of their time."""
    await harbour.make("quay", 4)
    for number in (1, 2):
        await seat(harbour, number, ANN, ttl_s=SHORT_S)
        await seat(harbour, number + 2, BOB, ttl_s=SHORT_S)
    assert await harbour.other.renew(BOB, [session(3), session(4)], LONG_S) == set()
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.used("quay") == 2
    assert await harbour.directory.renew(ANN, [session(1), session(2)], LONG_S) == {session(1), session(2)}
    assert await harbour.used("quay") == 2


@within(30)
async def test_many_seats_are_renewed_in_one_call(harbour: Harbour) -> None:
    """More than one script call takes; lost ones among them are named."""
    await harbour.make("quay", 2500)
    party = await harbour.hold("quay", 2500)
    async with trio.open_nursery() as nursery:
        for number in range(2500):
            nursery.start_soon(harbour.directory.confirm, party.token, session(number), ANN, LONG_S)
    everyone = [session(number) for number in range(2500)]
    await harbour.directory.release(ANN, session(7))
    await harbour.directory.take_over(session(2400), BOB, LONG_S)
    assert await harbour.other.renew(ANN, everyone, LONG_S) == {session(7), session(2400)}
    assert await harbour.other.renew(ANN, [], LONG_S) == set()
    assert await harbour.used("quay") == 2499


@within(30)
async def test_many_seats_run_out_together(harbour: Harbour) -> None:
    """More than one round of the script takes back: all are free for the next caller."""
    await harbour.make("quay", 2500)
    async with trio.open_nursery() as nursery:
        for _ in range(2500):
            nursery.start_soon(harbour.hold, "quay", 1, 2.0)
    assert await harbour.other.reserve(QUAY, LONG_S) == Full(QUAY, 0)
    await harbour.pass_time(2.1)
    assert isinstance(await harbour.other.reserve(QUAY, LONG_S, 2500), Reservation)


@within(20)
async def test_a_seat_is_released_by_its_keeper_only(harbour: Harbour) -> None:
    """After a resume elsewhere the old node's clean-up and renewal come to nothing (one holder)."""
    await harbour.make("quay", 1)
    await seat(harbour, 1, ANN)
    assert await harbour.other.take_over(session(1), BOB, LONG_S) == Seat(QUAY, session(1), BOB)
    assert not await harbour.directory.release(ANN, session(1))
    assert await harbour.directory.renew(ANN, [session(1)], SHORT_S) == {session(1)}
    assert await harbour.used("quay") == 1
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.other.renew(BOB, [session(1)], LONG_S) == set()
    assert await harbour.other.release(BOB, session(1))
    assert not await harbour.other.release(BOB, session(1))
    assert await harbour.used("quay") == 0


@within(20)
async def test_a_seat_that_ran_out_is_not_taken_over(harbour: Harbour) -> None:
    """Who comes back too late queues like everyone else."""
    await harbour.make("quay", 1)
    await seat(harbour, 1, ANN, ttl_s=SHORT_S)
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.other.take_over(session(1), BOB, LONG_S) is None
    assert await harbour.other.take_over(session(2), BOB, LONG_S) is None
    assert await harbour.used("quay") == 0


@within(20)
async def test_a_namesake_owes_nothing_to_the_old_worlds_seats(harbour: Harbour) -> None:
    """Seats and reservations of a removed world are void, and giving them back does not free seats of the new one."""
    await harbour.make("quay", 3)
    await seat(harbour, 1)
    old, brief = await harbour.hold("quay"), await harbour.hold("quay", ttl_s=SHORT_S)
    await harbour.directory.remove(QUAY)
    await harbour.directory.sweep()
    await harbour.directory.forget([QUAY])
    await harbour.make("quay", 1)
    await harbour.hold("quay")
    assert await harbour.directory.renew(ANN, [session(1)], LONG_S) == {session(1)}
    assert not await harbour.directory.release(ANN, session(1))
    assert not await harbour.directory.cancel(old.token)
    assert await harbour.directory.confirm(old.token, session(2), ANN, LONG_S) is None
    assert await harbour.directory.take_over(session(1), BOB, LONG_S) is None
    await harbour.pass_time(PAST_SHORT_S)
    assert await harbour.directory.confirm(brief.token, session(3), ANN, LONG_S) is None
    assert await harbour.used("quay") == 1
    assert await harbour.other.reserve(QUAY, LONG_S) == Full(QUAY, 0)


@pytest.mark.parametrize("ttl_s", [0, -1, math.nan, math.inf])
@within(20)
async def test_a_seat_without_a_life_time_is_refused(harbour: Harbour, ttl_s: float) -> None:
    """No time, negative time, no end: nothing is reserved, taken or renewed."""
    await harbour.make("quay", 2)
    reserved = await harbour.hold("quay")
    calls = [
        harbour.directory.reserve(QUAY, ttl_s),
        harbour.directory.join_or_create(bay(), ttl_s),
        harbour.directory.confirm(reserved.token, session(1), ANN, ttl_s),
        harbour.directory.take_over(session(1), ANN, ttl_s),
        harbour.directory.renew(ANN, [session(1)], ttl_s),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="above zero"):
            await call
    assert await harbour.used("quay") == 1


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
@within(20)
async def test_a_number_of_seats_out_of_range_is_refused(harbour: Harbour, count: int) -> None:
    """Nobody reserves no seats, or gives some by reserving fewer than none."""
    await harbour.make("quay", 2)
    with pytest.raises(ValueError, match="seats"):
        await harbour.directory.reserve(QUAY, LONG_S, count)
    with pytest.raises(ValueError, match="seats"):
        await harbour.directory.join_or_create(bay(), LONG_S, count)
    assert await harbour.used("quay") == 0
