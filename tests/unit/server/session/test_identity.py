"""Who may play: with which credentials a stay begins and goes on, and how it ends when its player is banned."""

from __future__ import annotations

import time

import attrs
import pytest
import trio
from trio.testing import MockClock

from server.identity.ban_watch import ASK_EVERY_S, BanWatch
from server.identity.gate import Gate
from server.identity.keys import read_keys
from server.identity.tokens import TokenAuthority
from server.wire import close_codes
from server.wire import messages as wire
from shared_state.bans import Ban, BanBook, address_subject, player_subject
from shared_state.errors import StoreUnavailable
from shared_state.memory_bans import MemoryBans
from shared_state.session_row import unpack_row
from tests.unit.server.harbour import game
from tests.unit.server.identity.issuer import SECRET, sign
from tests.unit.server.quay import Player, Quay, memory_server, open_quay
from tests.unit.server.session.test_resuming import LIVE, boats, come_back, resume_of, sail

KEYS = read_keys(SECRET.encode())
ANN, HERE = player_subject("ann"), "192.0.2.1"


def guarded() -> Gate:
    """A gate that asks for tokens."""
    return Gate(TokenAuthority(lambda: KEYS))


def is_refused(player: Player, code: str) -> bool:
    """It was told why, and closed with a code not to come back."""
    return player.errors() == [code] and player.line.closed == (close_codes.NOT_ADMITTED, code)


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ("", "credentials_missing"),
        ("letmein", "credentials_bad"),
        (sign("y" * 32), "credentials_bad"),
        (sign(exp=int(time.time()) - 60), "credentials_expired"),
    ],
)
@pytest.mark.parametrize("spectate", [False, True])
async def test_without_good_credentials_nobody_sees_the_world(
    credentials: str, code: str, spectate: bool, autojump_clock: MockClock
) -> None:
    """Neither players nor spectators; nothing of them gets into the store."""
    with trio.fail_after(10):
        async with open_quay(game, gate=guarded()) as quay:
            player = quay.arrive()
            player.say(wire.Join("Mallory", credentials=credentials, spectate=spectate))
            await quay.settle()
            assert is_refused(player, code)
            assert player.heard == [wire.Error(code, player.heard[0].text)]  # type: ignore[union-attr]
            player.hang_up()
            await quay.settle()
            assert (quay.stored, quay.rows, set(quay.host.sessions)) == ({}, {}, set())


async def test_a_token_decides_what_a_player_is_called(autojump_clock: MockClock) -> None:
    """Nobody with a name in its token plays under another's; without one the player chooses."""
    with trio.fail_after(10):
        async with open_quay(game, gate=guarded()) as quay:
            await quay.join(name="Ben", credentials=sign(name="Ann\u202e"))
            await quay.join(name="Ben", credentials=sign(sub="ben"))
            assert sorted(boat.name for boat in boats(quay)) == ["Ann", "Ben"]
            assert [unpack_row(quay.rows[row])[1].player for row in ("s1", "s2")] == ["ann", "ben"]


@attrs.frozen
class Return:
    """Who comes back with a session's secret, and what becomes of it."""

    credentials: str
    code: str = ""
    is_same: bool = False


@pytest.mark.parametrize(
    "case",
    [
        Return(sign(), is_same=True),
        Return(sign(sub="ben")),
        Return("", "credentials_missing"),
        Return(sign("y" * 32), "credentials_bad"),
        Return(sign(exp=int(time.time()) - 60), "credentials_expired"),
    ],
    ids=["the same", "another player", "nobody", "forged", "expired"],
)
async def test_a_secret_alone_takes_nothing_over(case: Return, autojump_clock: MockClock) -> None:
    """On a resume the credentials must be the player's own, as they must to join (S33)."""
    with trio.fail_after(60):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE, gate=guarded()) as here,
            open_quay(game, server=server, node="node2", live=LIVE, gate=guarded()) as there,
        ):
            there.players = 10
            player = await here.join(name="Ann", credentials=sign())
            again = await come_back(there, attrs_with(resume_of(player), case.credentials))
            if case.code:
                assert is_refused(again, case.code)
            else:
                assert again.bot.welcome is not None
                assert (again.bot.welcome.session == "s1") == case.is_same
            assert (player.line.closed is not None) == case.is_same
            if not case.is_same:
                player.say(sail(1))
                await here.settle()
                assert player.answers()[1].code == ""


def attrs_with(join: wire.Join, credentials: str) -> wire.Join:
    """The same join with credentials."""
    return wire.Join(join.name, credentials, resume=join.resume)


async def test_the_row_of_an_older_node_is_nobodys_in_particular(autojump_clock: MockClock) -> None:
    """Where no credentials are asked for, a secret is enough."""
    with trio.fail_after(60):
        async with open_quay(game) as quay:
            player = await quay.join(name="Ann", credentials="whatever")
            assert unpack_row(quay.rows["s1"])[1].player == ""
            again = await come_back(quay, resume_of(player))
            assert again.bot.welcome is not None
            assert again.bot.welcome.session == "s1"


@pytest.mark.parametrize("ban", [Ban(ANN, "cheated"), Ban(address_subject("192.0.2.0/24"), "cheated")])
async def test_who_is_banned_does_not_get_in(ban: Ban, autojump_clock: MockClock) -> None:
    """Neither to join nor to resume nor to watch, by identity and by address; others do (S33)."""
    with trio.fail_after(60):
        gate = guarded()
        async with open_quay(game, gate=gate) as quay:
            player = await quay.join(name="Ann", credentials=sign())
            player.hang_up()
            gate.bans = BanBook("1", (ban,))
            for join in (
                wire.Join("Ann", sign()),
                wire.Join("Ann", sign(), spectate=True),
                attrs_with(resume_of(player), sign()),
            ):
                again = await come_back(quay, join)
                assert is_refused(again, "banned")
                assert again.heard[-1] == wire.Error("banned", "cheated")
            other = quay.arrive()
            other.line.peer = "198.51.100.7"
            other.say(wire.Join("Ben", sign(sub="ben")))
            await quay.settle()
            assert other.line.closed is None


async def test_a_ban_reaches_who_is_connected(autojump_clock: MockClock) -> None:
    """Soon after it is in the store its player is told and closed, and the boat is gone at once; others play on."""
    with trio.fail_after(60):
        bans, gate = MemoryBans(lambda: int(trio.current_time() * 1e6)), guarded()
        async with open_quay(game, gate=gate) as quay, trio.open_nursery() as nursery:
            nursery.start_soon(BanWatch(bans, gate, lambda: expel_banned(quay)).ask_forever)
            ann, ben = await quay.join(credentials=sign()), await quay.join(credentials=sign(sub="ben"))
            await bans.ban(ANN, "cheated")
            await trio.sleep(ASK_EVERY_S * 1.1)
            assert is_refused(ann, "banned")
            ann.hang_up()
            await quay.settle()
            assert set(quay.rows) == {"s2"}
            assert set(ben.held()) == {ben.bot.avatar}
            assert ben.line.closed is None
            await bans.lift(ANN)
            await trio.sleep(ASK_EVERY_S * 1.1)
            assert (await quay.join(credentials=sign())).line.closed is None
            nursery.cancel_scope.cancel()


def expel_banned(quay: Quay) -> None:
    """What ``Node.expel_banned`` does, for one world."""
    for occupant in quay.host.occupants():
        rejection = quay.gate.bars(occupant.player, occupant.client.peer)
        if rejection is not None:
            occupant.expel(rejection)


async def test_bans_hold_while_the_store_is_away(autojump_clock: MockClock) -> None:
    """A node that cannot ask goes by what it knew, and asks again."""
    with trio.fail_after(60):
        bans, gate, changes = UnsteadyBans(lambda: 0), Gate(), []
        watch = BanWatch(bans, gate, lambda: changes.append(gate.bans.stamp))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch.ask_forever)
            await bans.ban(ANN)
            await trio.sleep(ASK_EVERY_S * 1.1)
            bans.is_away = True
            await trio.sleep(ASK_EVERY_S * 3)
            assert gate.bars("ann", HERE) is not None
            await bans.lift(ANN)
            bans.is_away = False
            await trio.sleep(ASK_EVERY_S * 1.1)
            assert gate.bars("ann", HERE) is None
            assert len(changes) == 2
            nursery.cancel_scope.cancel()


@attrs.define(eq=False)
class UnsteadyBans(MemoryBans):
    """Bans in a store that is away at times."""

    is_away: bool = False

    async def changed(self, known: str) -> BanBook | None:
        """Nothing, while it is away."""
        if self.is_away:
            raise StoreUnavailable("away")
        return await super().changed(known)
