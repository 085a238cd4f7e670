"""However often a player sends, and from wherever: a boat gets as far as time lets it (S22)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import attrs
import msgspec
import pytest
import trio
from trio.testing import MockClock

from server.games.flotsam import game
from server.games.flotsam.motion import BURST_MS, SPEED_PER_S
from server.games.flotsam.world import STROKE
from server.wire import close_codes
from server.wire import messages as wire
from tests.unit.server.quay import Player, Quay, memory_server, open_quay
from tests.unit.server.session.test_resuming import LIVE, come_back, resume_of

USUAL_HZ = 10.0
"""Strokes a second with which a boat goes at full speed all the time."""
RUN_S = 10.0
ALLOWANCE = SPEED_PER_S * BURST_MS / 1000


@attrs.define(eq=False)
class Rower:
    """A player who only rows, over all its connections. ``done``: strokes that took effect before this one."""

    player: Player
    began_s: float = attrs.field(factory=trio.current_time)
    done: int = 0
    _seq: int = 0

    def row(self, count: int = 1, **more: float) -> None:
        """Full strokes, to and fro, so that no shore gets in the way."""
        for _ in range(count):
            self._seq += 1
            dx = STROKE if self._seq % 2 else -STROKE
            args = self.player.bot.codec.encode_value({"dx": dx, "dy": 0, **more})
            self.player.say(wire.Do(self._seq, "row", msgspec.Raw(args)))

    async def move_to(self, quay: Quay) -> None:
        """Loses the connection and goes on at another node."""
        self.done += self._strokes()
        self.player.hang_up()
        self.player = await come_back(quay, resume_of(self.player))
        assert self.player.bot.avatar

    def codes(self) -> set[str]:
        """How strokes were answered on this connection."""
        return {ack.code for ack in self.player.answers().values()}

    @property
    def way(self) -> float:
        """How far the boat got, in world units."""
        return STROKE * (self.done + self._strokes())

    @property
    def most(self) -> float:
        """How far it may have got."""
        return SPEED_PER_S * (trio.current_time() - self.began_s) + ALLOWANCE

    def _strokes(self) -> int:
        return sum(ack.code == "" for ack in self.player.answers().values())


@pytest.fixture
async def bay() -> AsyncGenerator[Quay, None]:
    """The bay, on one node."""
    async with open_quay(game) as quay:
        yield quay


@pytest.mark.parametrize("times", [1, 5, 9])
async def test_more_strokes_are_no_more_speed(autojump_clock: MockClock, bay: Quay, times: int) -> None:
    """Whoever sends the usual number gets through with it; more of them move nobody further."""
    with trio.fail_after(120):
        rower = Rower(await bay.join())
        for _ in range(round(RUN_S * USUAL_HZ)):
            rower.row(times)
            await trio.sleep(1 / USUAL_HZ)
        await bay.settle()
        assert rower.player.line.closed is None
        assert SPEED_PER_S * RUN_S * 0.95 <= rower.way <= rower.most


async def test_a_flood_of_strokes_is_put_out(autojump_clock: MockClock, bay: Quay) -> None:
    """Fifty times the usual number is no client's: it is closed, and its boat got no further than time let it."""
    with trio.fail_after(120):
        rower = Rower(await bay.join())
        while rower.player.line.closed is None:
            rower.row(50)
            await trio.sleep(1 / USUAL_HZ)
        assert rower.player.line.closed[0] == close_codes.TOO_MANY_ERRORS
        assert rower.way <= rower.most


async def test_time_is_the_servers(autojump_clock: MockClock, bay: Quay) -> None:
    """What a client says of time, past or future, is not looked at."""
    with trio.fail_after(60):
        rower = Rower(await bay.join())
        for more in ({"dt": 10.0}, {"now_ms": 2.0**52}, {"t": -1e9, "rested_ms": 0}):
            rower.row(**more)
            await trio.sleep(0.2)
        await bay.settle()
        assert rower.way == 3 * STROKE
        rower.row(100, dt=10.0, now_ms=2.0**52)
        await bay.settle()
        assert rower.way <= rower.most


async def test_an_honest_stall_is_forgiven(autojump_clock: MockClock, bay: Quay) -> None:
    """Two seconds of strokes that arrive at once: some come to nothing, nobody is closed, and play goes on."""
    with trio.fail_after(60):
        rower = Rower(await bay.join())
        for _ in range(3):
            await trio.sleep(2.0)
            rower.row(round(2.0 * USUAL_HZ))
            await trio.sleep(1 / USUAL_HZ)
            rower.row()
        await bay.settle()
        assert rower.player.line.closed is None
        assert rower.player.errors() == []
        assert rower.codes() == {"", "tired"}
        assert 3 * ALLOWANCE <= rower.way <= rower.most


async def test_coming_back_gives_no_new_strength(autojump_clock: MockClock) -> None:
    """Who changes nodes again and again, rowing as hard as it can on each, is no faster for it."""
    with trio.fail_after(120):
        server = memory_server()
        async with (
            open_quay(game, server=server, live=LIVE) as here,
            open_quay(game, server=server, node="node2", live=LIVE) as there,
        ):
            rower = Rower(await here.join())
            avatar = rower.player.bot.avatar
            for quay in (there, here) * 4:
                rower.row(20)
                await trio.sleep(0.02)
                await rower.move_to(quay)
                assert rower.player.bot.avatar == avatar
            rower.row(20)
            await here.settle()
            assert 8 * STROKE <= rower.way <= rower.most
