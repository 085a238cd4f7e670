"""Seats, as sessions come, go, come back and are removed."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock

from server.wire import close_codes
from shared_state.directory_entry import Reservation, WorldSpec
from shared_state.directory_names import node_name, world_kind
from shared_state.errors import StoreUnavailable
from shared_state.memory_directory import MemoryDirectory
from shared_state.names import SessionId, WorldName
from tests.integration.memory_node import memory_directory
from tests.unit.server.harbour import game
from tests.unit.server.quay import SEAT_S, WORLD, memory_server, open_quay
from tests.unit.server.session.test_resuming import come_back, resume_of


@attrs.frozen(eq=False)
class AbsentDirectory(MemoryDirectory):
    """A directory whose store is away."""

    async def reserve(self, *_: object) -> Reservation:
        """Never answers well."""
        raise StoreUnavailable("away")


async def two_seats() -> MemoryDirectory:
    """A directory with the world, of two seats."""
    directory = memory_directory()
    await directory.create(WorldSpec(world_kind("bay"), 2), WORLD)
    return directory


async def used(directory: MemoryDirectory) -> int:
    """Seats held in the world."""
    entry = await directory.get(WORLD)
    assert entry is not None
    return entry.used


async def test_a_full_world_says_so_and_a_seat_that_was_left_is_taken(autojump_clock: MockClock) -> None:
    """The third player is told why and not to come back by itself; after one has left there is a seat (S24)."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            players = [await quay.join() for _ in range(3)]
            assert players[2].errors() == ["world_full"]
            assert players[2].line.closed == (close_codes.WORLD_FULL, "all seats of this world are taken")
            players[2].hang_up()
            assert (await used(directory), len(quay.rows)) == (2, 2)
            watcher = await quay.join(spectate=True)
            assert (watcher.line.closed, await used(directory)) == (None, 2)
            players[0].leave()
            await quay.settle()
            assert await used(directory) == 1
            assert (await quay.join()).line.closed is None


async def test_a_reserved_seat_is_there_for_its_ticket(autojump_clock: MockClock) -> None:
    """Others are refused; a ticket that ran out, of another world, or made up, is as good as none."""
    with trio.fail_after(20):
        directory = await two_seats()
        await directory.create(WorldSpec(world_kind("bay"), 2), WorldName("other"))
        held = await directory.reserve(WORLD, 15.0, 2)
        elsewhere = await directory.reserve(WorldName("other"), 15.0)
        assert isinstance(held, Reservation)
        assert isinstance(elsewhere, Reservation)
        async with open_quay(game, directory=directory) as quay:
            for seat in ("", "x", elsewhere.token):
                assert (await quay.join(seat=seat)).errors() == ["world_full"]
            assert (await quay.join(seat=held.token)).line.closed is None
            await trio.sleep(16)
            assert await used(directory) == 1
            assert (await quay.join(seat=held.token)).line.closed is None
            other = await directory.get(WorldName("other"))
            assert (await used(directory), other and other.used) == (2, 0)


async def test_a_seat_lasts_while_its_player_is_here(autojump_clock: MockClock) -> None:
    """Long beyond the life of one that is not renewed."""
    with trio.fail_after(1000):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            player = await quay.join()
            await trio.sleep(5 * SEAT_S)
            assert (await used(directory), player.line.closed) == (1, None)


async def test_who_comes_back_has_the_seat_and_who_does_not_gives_it_back(autojump_clock: MockClock) -> None:
    """A resume on another node takes it along; the reaper frees it with the avatar, long before it would run out."""
    with trio.fail_after(100):
        directory, server = await two_seats(), memory_server()
        live = {"a-1", "b-1"}
        async with (
            open_quay(game, directory=directory, server=server, node="a", live=live) as a,
            open_quay(game, directory=directory, server=server, node="b", live=live) as b,
        ):
            player = await a.join()
            player.hang_up()
            back = await b.join(resume=resume_of(player).resume)
            assert (back.bot.avatar, await used(directory)) == (player.bot.avatar, 1)
            back.hang_up()
            await trio.sleep(SEAT_S / 2)
            assert (await used(directory), a.rows) == (0, {})


async def test_a_lost_seat_is_taken_anew_or_its_player_told(autojump_clock: MockClock) -> None:
    """As after a failover of the store: who finds a free one plays on, who does not is closed as by a full world."""
    with trio.fail_after(100):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            ann, ben = await quay.join(), await quay.join()
            for player in (ann, ben):
                assert await directory.release(node_name("node1-1"), SessionId(player.session.session_id))
            assert isinstance(await directory.reserve(WORLD, 100.0), Reservation)
            await trio.sleep(SEAT_S / 3 + 1)
            closed = [player.line.closed for player in (ann, ben)]
            assert sorted(code[0] if code else 0 for code in closed) == [0, close_codes.WORLD_FULL]
            assert await used(directory) == 2


async def test_without_the_directory_nobody_joins(autojump_clock: MockClock) -> None:
    """They are told to come back."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=AbsentDirectory(directory.model, directory.rng)) as quay:
            player = await quay.join()
            assert player.line.closed == (close_codes.STORE_AWAY, "the store does not answer")
            assert quay.rows == {}


async def test_who_goes_while_the_seat_is_on_its_way_leaves_none(autojump_clock: MockClock) -> None:
    """Neither seat nor avatar."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            player = quay.arrive()
            player.say(player.bot.hello())
            player.hang_up()
            await quay.settle()
            assert (await used(directory), quay.rows) == (0, {})


async def test_a_player_whom_the_game_refuses_takes_no_seat(autojump_clock: MockClock) -> None:
    """It is given back at once."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            assert (await quay.join(name="unwanted")).errors() == ["unwanted"]
            assert await used(directory) == 0


@pytest.mark.parametrize("away", [False, True])
async def test_an_operator_puts_a_player_out(away: bool, autojump_clock: MockClock) -> None:
    """Connected or away, the avatar leaves at once, with row and seat, and the client is told not to come back."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            player, other = await quay.join(), await quay.join()
            if away:
                player.hang_up()
                await quay.settle()
            quay.host.kick(SessionId(player.session.session_id))
            await quay.settle()
            closed = (close_codes.KICKED, "an operator ended your session")
            # Its connection may take its time to close: the player is out already.
            assert player.line.closed == ((1006, "gone") if away else closed)
            assert list(quay.rows) == [other.session.session_id]
            assert (await used(directory), len(quay.stored)) == (1, 1)


async def test_a_kick_reaches_the_connection_that_serves_the_session(autojump_clock: MockClock) -> None:
    """The one before it may not have ended yet: its side never answers our Close."""
    with trio.fail_after(20):
        directory = await two_seats()
        async with open_quay(game, directory=directory) as quay:
            before = await quay.join()
            after = await come_back(quay, resume_of(before))
            assert len(quay.host.sessions) == 2
            quay.host.kick(SessionId(after.session.session_id))
            await quay.settle()
            assert after.line.closed == (close_codes.KICKED, "an operator ended your session")
