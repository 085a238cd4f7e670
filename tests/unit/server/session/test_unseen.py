"""What is out of view is in no byte that is sent: whatever happens there, and however a client asks."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock

from server.wire import messages as wire
from server.wire.codec import Codec
from tests.unit.server.harbour import game
from tests.unit.server.quay import BOTH_CODECS, Player, Quay, open_quay

UNSEEN = b"unseen"
"""In every name and word of those who are out of view; both encodings write text as it is."""


@attrs.define(eq=False)
class Eavesdropper:
    """A player, over several connections, and every byte that it was ever sent."""

    quay: Quay
    codec: Codec
    player: Player = attrs.field(init=False)
    heard: list[bytes] = attrs.field(factory=list)

    @property
    def told(self) -> list[wire.ToClient]:
        """The messages in them."""
        return [self.codec.decode_to_client(payload) for payload in self.heard]

    async def connect(self, **join: object) -> None:
        """Joins on a new connection, and looks as far as it may."""
        self.player = self.quay.arrive(self.codec)
        self.player.bot.hello()
        self.player.say(wire.Join("near", radius=1e9, **join))  # type: ignore[arg-type]
        await self.listen()

    async def come_back(self, keeps_view: bool) -> None:
        """Loses the connection, and resumes with the view that it held, or with none."""
        welcome, mirror = self.player.bot.welcome, self.player.bot.mirror
        assert welcome is not None
        assert mirror is not None
        self.player.hang_up()
        cells = list(mirror.cells) if keeps_view else []
        resume = wire.Resume(welcome.session, welcome.secret, mirror.epoch, mirror.version, [], cells)
        await self.connect(resume=resume)

    async def listen(self) -> None:
        """Takes what comes."""
        await self.quay.settle()
        self.heard += self.player.line.payloads
        self.player.listen()


async def sail_away(quay: Quay, name: str) -> Player:
    """Somebody who is out of sight of where all begin."""
    player = await quay.join(name=name)
    player.do(1, "sail", dx=900.0)
    await quay.settle()
    return player


@attrs.define(eq=False)
class FarAway:
    """Those who are never seen, and what they do."""

    boat: Player
    victims: list[Player]
    _seq: int = 1

    async def make_noise(self) -> None:
        """They move, speak, whisper, make something, and one of them is sunk."""
        victim = self.victims.pop()
        self._do("sail", dx=1.0)
        self._do("say", text="unseen words")
        self._do("whisper", to=victim.session.session_id, text="unseen whisper")
        victim.do(2, "sail", dx=1.0)
        await trio.sleep(0.3)
        self._do("sink", what=victim.bot.avatar)
        await trio.sleep(0.3)

    def _do(self, command: str, **args: object) -> None:
        self._seq += 1
        self.boat.do(self._seq, command, **args)


@pytest.mark.parametrize("codec", BOTH_CODECS, ids=lambda codec: codec.subprotocol)
async def test_no_byte_tells_of_what_is_out_of_view(codec: Codec, autojump_clock: MockClock) -> None:
    """Through updates, content checks, resets, a full socket, catch-ups and resumes."""
    with trio.fail_after(120):
        async with open_quay(game) as quay:
            far = FarAway(await sail_away(quay, "unseen boat"), [await sail_away(quay, "unseen too") for _ in range(7)])
            near = Eavesdropper(quay, codec)
            await near.connect()
            for message in (wire.Digest(), wire.Digest(ok=False), wire.View(1.0), wire.View(1e9)):
                near.player.say(message)
                await far.make_noise()
                await near.listen()
            near.player.line.blocked = True
            await far.make_noise()
            near.player.line.blocked = False
            near.player.session.on_drained()
            await near.listen()
            for keeps_view in (True, False):
                await near.come_back(keeps_view)
                await far.make_noise()
                await near.listen()
            assert [ack.code for ack in far.boat.answers().values()] == [""] * 29
            assert {type(message).__name__ for message in near.told} >= {"Cells", "Delta", "Reset"}
            assert not [payload for payload in near.heard if UNSEEN in payload]
            assert near.player.bot.findings.first == []
