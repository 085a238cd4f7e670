"""What remains of bots that left for good while others play on: sums, and those with which something was wrong.

Invariant: what is kept of a bot that did well does not grow with the number of such bots.
"""

from __future__ import annotations

import attrs

from client_bot.bot import Bot
from client_bot.result import BotResult, copy_bot
from client_bot.tally import Tally, total


@attrs.define(eq=False)
class Departed:
    """All who left."""

    count: int = 0
    joined: int = 0
    tally: Tally = attrs.field(factory=Tally)
    gaps: int = 0
    divergences: int = 0
    digests_checked: int = 0
    conspicuous: list[BotResult] = attrs.field(factory=list)

    def add(self, bot: Bot) -> None:
        """Takes note of one more."""
        client = bot.client
        self.count += 1
        self.joined += client.welcome is not None
        self.tally = total((self.tally, client.tally))
        self.gaps += client.findings.gaps
        self.divergences += client.findings.divergences
        self.digests_checked += client.mirror.digests_checked if client.mirror else 0
        if client.welcome is None or client.findings.first or bot.dismissed:
            self.conspicuous.append(copy_bot(bot, keeps_view=False, has_left=True))
