"""One bot: joins, plays by its brain, listens, and comes back when its connection is lost.

Owns one client, one brain and, while connected, one line. Must not decide when a run ends: the stage does. Invariant:
no ending of a connection raises; one that the node meant for good leaves the bot *dismissed*.
"""

from __future__ import annotations

import math
import random

import attrs
import trio

from client_bot.backoff import Backoff, may_return
from client_bot.brains.sight import Brain, Sight
from client_bot.client import Client, State
from client_bot.connection import Address, Closed, Dial, Line, UnreachableError, visit
from client_bot.facts import Answered, AskedToMove, Blamed, Fact, Heard, Joined
from client_bot.measure import Measures
from client_bot.stage import Stage
from client_bot.visibility import Commit, Visibility


@attrs.frozen
class Surroundings:
    """What the bots of a swarm share: where to connect and how, pace, stage, and where measurements go."""

    address: Address
    dial: Dial
    rate_hz: float
    stage: Stage
    measures: Measures
    visibility: Visibility


@attrs.define(eq=False)
class Bot:
    """One player, over all its connections. ``live`` runs it."""

    client: Client
    brain_name: str
    brain: Brain
    chance: random.Random
    around: Surroundings
    dismissed: str = attrs.field(default="", init=False)
    last_ending: str = attrs.field(default="", init=False)
    blamed: str = attrs.field(default="", init=False)
    changed_s: float = attrs.field(default=-math.inf, init=False)
    _backoff: Backoff = attrs.field(init=False)
    _line: Line | None = attrs.field(default=None, init=False)
    _lost_s: float | None = attrs.field(default=None, init=False)
    _seen_version: int = attrs.field(default=-1, init=False)

    def __attrs_post_init__(self) -> None:
        self._backoff = Backoff(self.chance)

    @property
    def node(self) -> str:
        """The node that serves or last served the bot; empty before the first welcome."""
        return self.client.welcome.node if self.client.welcome else ""

    # ---- from outside --------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Connects, plays and reconnects until the stage is over or the node dismisses the bot."""
        while not self.around.stage.is_over:
            began_s = trio.current_time()
            may_come_back = await self._connect()
            now_s = trio.current_time()
            was_moving = self.client.state is State.MOVING
            if self._lost_s is None and self.client.state in (State.JOINED, State.MOVING):
                self._lost_s = now_s
            self.client.disconnected()
            if not may_come_back:
                return
            if not was_moving:
                await trio.sleep(self._backoff.next_s(now_s - began_s))

    async def ask_digest(self) -> None:
        """Asks the node for content checks, when connected."""
        if self._line is not None and self.client.state in (State.JOINED, State.MOVING):
            await self._line.send(self.client.ask_digest())

    async def leave(self) -> None:
        """Ends the session, when connected."""
        if self._line is None:
            return
        if self.client.state in (State.JOINED, State.MOVING):
            await self._line.send(self.client.goodbye())
        await self._line.close()

    # ---- a connection --------------------------------------------------------------------------------------------

    async def _connect(self) -> bool:
        try:
            closed = await visit(self.around.address, self.client.codec, self.around.dial, self._talk)
        except UnreachableError as error:
            self.client.tally.failed_connections += 1
            return self._judge(error.may_pass, str(error))
        finally:
            self._line = None
        is_fine = may_return(closed.code) or self.client.state is State.MOVING
        return self._judge(is_fine, f"closed with {closed.code} {closed.reason}".rstrip())

    def _judge(self, may_come_back: bool, why: str) -> bool:
        self.last_ending = why
        if not may_come_back and not self.around.stage.is_over:
            self.dismissed = why
        return may_come_back

    async def _talk(self, line: Line) -> Closed:
        self._line = line
        await line.send(self.client.hello())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._play, line)
            closed = await self._listen(line, nursery)
            nursery.cancel_scope.cancel()
        return closed

    async def _listen(self, line: Line, nursery: trio.Nursery) -> Closed:
        while True:
            payloads = await line.receive()
            if isinstance(payloads, Closed):
                return payloads
            now_s = trio.current_time()
            for payload in payloads:
                for fact in self.client.receive(payload, now_s):
                    self._note(fact, now_s, line, nursery)
                self._look(now_s)
            for reply in self.client.replies():
                await line.send(reply)

    def _note(self, fact: Fact, now_s: float, line: Line, nursery: trio.Nursery) -> None:
        match fact:
            case Answered():
                self._measure(fact, now_s)
            case Joined():
                self._arrive(now_s)
            case AskedToMove():
                nursery.start_soon(self._move, line, fact.after_s)
            case Blamed():
                self.blamed = f"{fact.code}: {fact.text}"
            case Heard():
                pass

    async def _move(self, line: Line, after_s: float) -> None:
        await trio.sleep(after_s)
        await line.close()

    # ---- playing -------------------------------------------------------------------------------------------------

    async def _play(self, line: Line) -> None:
        period_s = 1.0 / self.around.rate_hz
        # Bots that start together must not command together.
        next_s = trio.current_time() + self.chance.uniform(0, period_s)
        while True:
            await trio.sleep_until(next_s)
            now_s = trio.current_time()
            self.around.measures.lag.add(now_s - next_s)
            # A bot that is late drops the beats it missed: catching up would be a burst that no player sends.
            next_s = max(next_s + period_s, now_s)
            await self._beat(line, now_s)

    async def _beat(self, line: Line, now_s: float) -> None:
        client = self.client
        if client.mirror is None or not client.can_command or not self.around.stage.is_commanding:
            return
        for command, args in self.brain.decide(Sight(client.mirror, client.avatar, self.chance, now_s)):
            if client.can_command:
                await line.send(client.command(command, args, now_s))

    # ---- measuring -----------------------------------------------------------------------------------------------

    def _arrive(self, now_s: float) -> None:
        self._seen_version = -1
        if self._lost_s is not None:
            self.around.measures.resume_gap.add(now_s - self._lost_s)
            self._lost_s = None

    def _look(self, now_s: float) -> None:
        mirror = self.client.mirror
        if mirror is None or mirror.version == self._seen_version or not mirror.cells:
            return
        self._seen_version = mirror.version
        self.changed_s = now_s
        self.around.visibility.seen(mirror.epoch, self.node, mirror.version, now_s)

    def _measure(self, answer: Answered, now_s: float) -> None:
        self.around.measures.do_to_done.add(answer.took_s)
        if answer.is_commit and self.client.mirror is not None:
            commit = Commit(answer.ack.version, answer.sent.sent_s, now_s)
            self.around.visibility.committed(self.client.mirror.epoch, self.node, commit)
