"""Bots without sockets: behaviours that play at a quay, on the virtual clock."""

from __future__ import annotations

import random
from collections.abc import Iterable

import attrs
import trio

from client_bot.brains import Brain, Sight, find_brain
from client_bot.tally import Tally, total
from tests.unit.server.quay import Player, Quay

RATE_HZ = 10.0


@attrs.define(eq=False)
class Bot:
    """A player and what it does."""

    player: Player
    brain: Brain
    chance: random.Random

    def beat(self) -> None:
        """Looks, and commands what it wants to."""
        self.player.listen()
        client, now_s = self.player.bot, trio.current_time()
        assert self.player.line.closed is None
        assert client.mirror is not None
        for command, args in self.brain.decide(Sight(client.mirror, client.avatar, self.chance, now_s)):
            if client.can_command:
                self.player.say(client.command(command, args, now_s))


async def play(quay: Quay, names: Iterable[str], seconds: float, seed: int = 1) -> Tally:
    """Lets behaviours play together; every message is taken in by a client that checks it.

    Returns: what became of their commands, over all of them; ``heard`` has each event once for each who heard it.
    """
    bots = [
        Bot(await quay.join(name=name), find_brain(name)(), random.Random(f"{seed}/{number}"))
        for number, name in enumerate(names)
    ]
    until_s = trio.current_time() + seconds
    while trio.current_time() < until_s:
        for bot in bots:
            bot.beat()
        await trio.sleep(1 / RATE_HZ)
    await trio.sleep(1)
    for bot in bots:
        bot.player.listen()
        assert bot.player.bot.findings.first == []
    return total(bot.player.bot.tally for bot in bots)
