"""Asks the store who has what was committed over one connection, for many commits at once. Sans I/O.

How it works: the question goes out right behind the commit, so it costs no round trip of its own. But it blocks the
connection until it is answered; so only one is under way, and commits that are sent meanwhile share the next. However
many worlds commit, each waits for two answers at most.
Must not know: sockets, what was committed. Invariant: a wave's question was sent after all the commits that it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import trio

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.durability import Hold, Question
from shared_state.redis.pipeline import Slot

Submit = Callable[[Slot, tuple[str | int, ...]], None]


@attrs.define(eq=False)
class Wave:
    """Commits that share a question; ``trouble`` says why they are not held."""

    settled: trio.Event = attrs.field(factory=trio.Event)
    trouble: str = ""

    def note(self, reply: Any) -> None:
        """Takes the reply to a mark."""
        if isinstance(reply, StoreError):
            self.trouble = self.trouble or str(reply)

    def take(self, question: Question, reply: Any) -> None:
        """Takes the reply to a question."""
        self.note(reply)
        self.trouble = self.trouble or question.shortfall(reply)

    async def passed(self) -> None:
        """Waits for the answer. Raises: StoreUnavailable, when it is not known that the commits are held."""
        await self.settled.wait()
        if self.trouble:
            raise StoreUnavailable(self.trouble)


@attrs.frozen(eq=False)
class _Reply:
    """The slot of a command whose reply a function takes."""

    take: Callable[[Any], None]

    def deliver(self, reply: Any) -> None:
        """Takes the reply."""
        self.take(reply)


@attrs.define(eq=False)
class Barrier:
    """The questions of one connection.

    Args:
        submit: sends a command, at once.
    """

    submit: Submit
    _under_way: Wave | None = None
    _next: Wave | None = None

    def join(self, hold: Hold) -> Wave:
        """The wave of a commit that was sent just now."""
        if self._under_way is None:
            wave = Wave()
            self._ask(wave, hold)
            return wave
        if self._next is None:
            self._next = Wave()
        return self._next

    def _ask(self, wave: Wave, hold: Hold) -> None:
        try:
            self._send(wave, hold)
        except StoreUnavailable as error:
            wave.note(error)
            wave.settled.set()
        else:
            self._under_way = wave

    def _send(self, wave: Wave, hold: Hold) -> None:
        *others, last = hold.questions
        self.submit(_Reply(wave.note), hold.mark)
        for question in others:
            self.submit(_Reply(partial(wave.take, question)), question.command)
        self.submit(_Reply(partial(self._take_last, wave, hold)), last.command)

    def _take_last(self, wave: Wave, hold: Hold, reply: Any) -> None:
        wave.take(hold.questions[-1], reply)
        wave.settled.set()
        self._go_on(hold)

    def _go_on(self, hold: Hold) -> None:
        """Asks for those who came meanwhile. Any mark does: it stands behind all that the server wrote before."""
        wave, self._under_way, self._next = self._next, None, None
        if wave is not None:
            self._ask(wave, hold)
