"""A player whose link falls silent comes back through another node while the old socket is still open (S06)."""

from __future__ import annotations

import trio

from client_bot.client import Client
from server.wire import close_codes
from server.wire.codec import MSGPACK
from tests.integration.memory_node import BAY, memory_directory, running_node
from tests.integration.player import SocketPlayer, enter, knock
from tests.unit.server.quay import memory_server

GRACE_S = 0.5


async def enter_to_stay(port: int) -> SocketPlayer:
    """A player who resumes."""
    player = await knock(port)
    player.bot = Client(MSGPACK, "Ann", resumes=True)
    await player.say(player.bot.hello())
    await player.listen_until(player.sees_itself)
    return player


async def come_back(player: SocketPlayer, port: int) -> SocketPlayer:
    """The same player on another connection; the old one is left as it is."""
    again = await knock(port)
    again.bot, silent = player.bot, Client(MSGPACK, "Ann")
    again.bot.disconnected()
    player.bot = silent
    await again.say(again.bot.hello())
    await again.listen_until(lambda: again.bot.is_joined and again.sees_itself())
    return again


def sees(player: SocketPlayer, avatar: int) -> bool:
    """Whether a player sees an avatar."""
    return player.bot.mirror is not None and player.bot.mirror.get(avatar) is not None


async def test_the_old_sockets_end_takes_nothing_from_who_came_back() -> None:
    """One avatar throughout, seen without a break; the old socket is closed for good and its input has no effect."""
    with trio.fail_after(30):
        server, directory = memory_server(), memory_directory()
        async with (
            running_node(server=server, directory=directory, grace_s=GRACE_S) as here,
            running_node(name="node2", server=server, directory=directory, grace_s=GRACE_S) as there,
        ):
            neighbour = await enter(here.port)
            lost = await enter_to_stay(here.port)
            avatar = lost.bot.avatar
            assert (await lost.do("sail", dx=5.0)).code == ""
            back = await come_back(lost, there.port)
            assert back.bot.avatar == avatar
            await neighbour.listen_until(lambda: sees(neighbour, avatar))
            with trio.move_on_after(GRACE_S + 5):
                await neighbour.listen_until(lambda: not sees(neighbour, avatar))
                raise AssertionError("the neighbour lost sight of it")
            assert len(here.stored()) == 2
            assert await lost.read_close() == close_codes.SESSION_REPLACED
            assert (await back.do("sail", dx=1.0)).code == ""
            assert back.is_content()
            assert set(server.model.worlds[BAY].sessions) == {
                player.bot.welcome.session for player in (neighbour, back) if player.bot.welcome
            }


async def test_what_the_old_socket_still_sends_is_refused() -> None:
    """A command that was on its way when the player came back changes nothing."""
    with trio.fail_after(30):
        server, directory = memory_server(), memory_directory()
        async with (
            running_node(server=server, directory=directory) as here,
            running_node(name="node2", server=server, directory=directory) as there,
        ):
            lost = await enter_to_stay(here.port)
            late = lost.bot.command("sail", {"dx": 100.0}, trio.current_time())
            back = await come_back(lost, there.port)
            await lost.say(late)
            # Whichever comes first: word of the resume, or the refusal of the command.
            assert await lost.read_close() in (close_codes.SESSION_REPLACED, close_codes.SESSION_MOVED)
            await back.listen_until(lambda: not back.bot.in_flight.waiting)
            assert back.bot.mirror is not None
            boat = back.bot.mirror.get(back.bot.avatar)
            assert boat is not None
            assert boat.values[0] == 100.0, "it was resent by who came back, and counted once"
