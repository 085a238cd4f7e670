"""Commands on their way: numbers them, keeps those that wait, and matches answers.

Owns the sequence of one session. Must not know bytes or state of the connection. Invariant: numbers rise by one without
holes, at most ``MAX_IN_FLIGHT`` wait, and each is answered at most once; any other answer counts as doubled.
"""

from __future__ import annotations

import attrs

from client_bot.facts import Sent
from client_bot.tally import Tally
from server.wire.messages import Ack

MAX_IN_FLIGHT = 64


@attrs.define(eq=False)
class InFlight:
    """The commands of one session that wait for an answer, oldest first."""

    tally: Tally
    waiting: dict[int, Sent] = attrs.field(factory=dict, init=False)
    _last_seq: int = attrs.field(default=0, init=False)

    @property
    def has_room(self) -> bool:
        """One more command may wait."""
        return len(self.waiting) < MAX_IN_FLIGHT

    def send(self, command: str, args: bytes, now_s: float) -> Sent:
        """Numbers a command and keeps it until its answer."""
        self._last_seq += 1
        sent = self.waiting[self._last_seq] = Sent(self._last_seq, command, args, now_s)
        self.tally.sent += 1
        return sent

    def answer(self, ack: Ack) -> Sent | None:
        """The command that the answer is for; None (and a doubled count) when none waits under that number."""
        sent = self.waiting.pop(ack.seq, None)
        if sent is None:
            self.tally.doubled += 1
        else:
            self.tally.answer(sent.command, ack.code)
        return sent

    def start_over(self) -> None:
        """A new session begins: what still waits will never be answered, and numbers start at 1."""
        self.tally.unresolved += len(self.waiting)
        self.waiting.clear()
        self._last_seq = 0

    def give_up(self) -> None:
        """The run is over: what still waits is lost."""
        self.tally.lost += len(self.waiting)
        self.waiting.clear()
