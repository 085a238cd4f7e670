"""The operators' commands on who may play, as they are run, on two nodes that ask for tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio

from server.config import IdentityConfig
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import MSGPACK
from tests.integration.fleet import Fleet, open_fleet
from tests.integration.player import SocketPlayer, knock
from tests.unit.server.identity.issuer import SECRET, sign

pytestmark = pytest.mark.integration


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncGenerator[Fleet, None]:
    """Two nodes, and who issues tokens for them."""
    keys = tmp_path / "keys"
    keys.write_text(SECRET)
    async with open_fleet(identity=IdentityConfig(keys=str(keys))) as fleet:
        yield fleet


async def come(fleet: Fleet, node: int, player: str) -> SocketPlayer:
    """A player at a node: in the world, or closed."""
    peer = await knock(fleet.nodes[node].port)
    peer.bot.hello()
    await peer.say(MSGPACK.encode(wire.Join(name=player.title(), credentials=sign(sub=player))))
    await peer.listen_until(peer.sees_itself)
    return peer


async def test_a_player_is_banned_and_let_in_again(fleet: Fleet) -> None:
    """By the name that it has in a world, for a time: closed on all nodes with the reason, listed, and lifted."""
    with trio.fail_after(60):
        players = [await come(fleet, 0, "ann"), await come(fleet, 1, "ann")]
        ben = await come(fleet, 1, "ben")
        session = players[0].bot.welcome.session if players[0].bot.welcome else ""
        ran = await fleet.run("ban", session, "--world", "bay", "--for", "7d", "--reason", "[red]cheated", "--json")
        assert (ran.code, ran.value[0]["banned"], ran.value[0]["reason"]) == (0, "player:ann", "[red]cheated")
        assert ran.value[0]["until"].startswith("20")
        assert [await player.read_close() for player in players] == [close_codes.NOT_ADMITTED] * 2
        assert (await come(fleet, 1, "ann")).closed == close_codes.NOT_ADMITTED
        assert "[red]cheated" in (await fleet.run("bans")).printed
        assert (await ben.do("row", dx=1, dy=1)).code == ""
        assert (await fleet.run("unban", "ann")).code == 0
        while (await come(fleet, 0, "ann")).closed is not None:  # noqa: ASYNC110  (nodes hear of it in a second)
            await trio.sleep(0.1)
        assert (await fleet.run("bans", "--json")).value == []


async def test_whoever_is_meant_is_said_clearly(fleet: Fleet) -> None:
    """Addresses and networks are seen to be some; a player called like one is told apart; the last word counts."""
    with trio.fail_after(60):
        said = ("10.0.0.0/8", "2001:db8::7", "player:203.0.113.7", "auth0|7", "address:10.0.0.0/8 --reason flood")
        *banned, listed = await fleet.run_all(*(f"ban {who}" for who in said), "bans --json")
        assert [ran.code for ran in banned] == [0] * len(said)
        found = {row["banned"]: (row["until"], row["reason"]) for row in listed.value}
        assert found == {
            "address:10.0.0.0/8": ("for good", "flood"),
            "address:2001:db8::/64": ("for good", ""),
            "player:203.0.113.7": ("for good", ""),
            "player:auth0|7": ("for good", ""),
        }
        await fleet.verify_refused({"unban 203.0.113.8": "there is no ban of address:203.0.113.8/32"})


MISTAKES = {
    "ban ann --for 0s": "a ban of 0 s",
    "ban ann --for -3d": "a ban of -259200 s",
    "ban ann --for nan": "a ban of nan s",
    "ban ann --for 1e300": "at most",
    "ban ann --world a:b": "world name",
    "ban ann --world sea": "there is no world sea",
    "ban zoe --world bay": "nobody in world bay has the session or name 'zoe'",
    "ban address:here": "'here' is no address or network",
    "unban ann": "there is no ban of player:ann",
}


async def test_what_cannot_be_done_is_one_clear_line(fleet: Fleet) -> None:
    """Exit code 2, and nobody is banned."""
    with trio.fail_after(60):
        player = await come(fleet, 0, "ann")
        await fleet.verify_refused(MISTAKES)
        assert (await fleet.run("bans", "--json")).value == []
        assert player.is_content()


async def test_who_has_no_token_can_be_banned_by_address_alone() -> None:
    """A name proves nothing: the command says where the address is to be found."""
    with trio.fail_after(60):
        async with open_fleet() as fleet:
            player = await knock(fleet.nodes[0].port)
            await player.say(player.bot.hello())
            await player.listen_until(player.sees_itself)
            await fleet.verify_refused({"ban Ann --world bay": "'Ann' has no token: ban its address"})
            assert (await fleet.run("ban", "127.0.0.1", "--json")).code == 0
            assert await player.read_close() == close_codes.NOT_ADMITTED
