"""A short recording of an honest run: Flotsam on two nodes in memory, bots that write down what they are told."""

from __future__ import annotations

import random
from functools import cache

import attrs
import trio
from trio.testing import MockClock

from client_bot.brains import Brain, Sight, find_brain
from client_bot.diary import Diary, Entry, View
from client_bot.facts import Answered
from proof.recording import Recording
from proof.state import WorldState, state_of
from server.games.flotsam import game
from tests.unit.server.quay import WORLD, Player, Quay, memory_server, open_quay

BRAINS = ("hoarder", "hoarder", "brawler", "trader", "keeper", "chatterbox")
SECONDS, RATE_HZ = 8.0, 10.0


@attrs.define(eq=False)
class Scribe:
    """A player, what it does, and what it is told."""

    player: Player
    brain: Brain
    chance: random.Random
    entries: list[Entry] = attrs.field(factory=list)

    def listen(self) -> None:
        """Takes in what came, and writes the answers down."""
        payloads, self.player.line.payloads = self.player.line.payloads, []
        for payload in payloads:
            facts = self.player.bot.receive(payload, trio.current_time())
            self.entries += [self._entry(fact) for fact in facts if isinstance(fact, Answered)]

    def act(self) -> None:
        """Commands what it wants to."""
        client, now_s = self.player.bot, trio.current_time()
        assert client.mirror is not None
        for command, args in self.brain.decide(Sight(client.mirror, client.avatar, self.chance, now_s)):
            if client.can_command:
                self.player.say(client.command(command, args, now_s))

    def view(self) -> View:
        """What it holds."""
        client, mirror = self.player.bot, self.player.bot.mirror
        assert mirror is not None
        cells = {cell: mirror.digest(cell) for cell in mirror.cells}
        return View(client.name, self.player.host.node_name, mirror.epoch, mirror.version, cells)

    def _entry(self, told: Answered) -> Entry:
        welcome, mirror = self.player.bot.welcome, self.player.bot.mirror
        assert welcome is not None
        assert mirror is not None
        sent, ack = told.sent, told.ack
        times = sent.sent_s, trio.current_time()
        where = ack.code, mirror.epoch, ack.version, welcome.node
        return Entry(welcome.session, sent.seq, sent.command, *times, *where, False, mirror.version)


@cache
def honest() -> Recording:
    """The recording, the same for all tests of a process."""
    return trio.run(_play, clock=MockClock(autojump_threshold=0))


async def _play() -> Recording:
    server = memory_server()
    live = {"node1-1", "node2-1"}
    with trio.fail_after(300):
        async with (
            open_quay(game, server=server, live=live) as one,
            open_quay(game, server=server, live=live, node="node2") as two,
        ):
            two.players = len(BRAINS)
            scribes = [await _come((one, two)[place % 2], place) for place in range(len(BRAINS))]
            await _let_play(scribes)
            await trio.sleep(1.0)
            for scribe in scribes:
                scribe.listen()
            entries = [entry for scribe in scribes for entry in scribe.entries]
            log = [payload for _, payload in server.model.worlds[WORLD].log]
            end = state_of(one.host.world.replica, WORLD)
            return Recording(WorldState(WORLD), end, log, Diary(entries, [scribe.view() for scribe in scribes]))


async def _come(quay: Quay, place: int) -> Scribe:
    player = await quay.join(name=f"{BRAINS[place]}-{place}")
    return Scribe(player, find_brain(BRAINS[place])(), random.Random(place))


async def _let_play(scribes: list[Scribe]) -> None:
    until_s = trio.current_time() + SECONDS
    while trio.current_time() < until_s:
        for scribe in scribes:
            scribe.listen()
            scribe.act()
        await trio.sleep(1 / RATE_HZ)
