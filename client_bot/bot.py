"""One bot: joins, plays by its brain, listens, and comes back when its connection is lost.

How it moves: asked to, it sails on while a second *voyage* opens a connection elsewhere; when that is open it takes
over, resumes the session there, and the first voyage ends. A voyage is one connection after the other.
Owns one client, one brain and, while connected, one line. Must not decide when a run ends: the stage does. Invariant:
no ending of a connection raises; one that the node meant for good leaves the bot *dismissed*.
"""

from __future__ import annotations

import math
import random

import attrs
import trio

from client_bot.backoff import ABNORMAL, Backoff, may_return
from client_bot.brains import Brain, Sight
from client_bot.client import Client, State
from client_bot.connection import Address, Closed, Dial, Line, UnreachableError, visit
from client_bot.diary import Diary, Entry
from client_bot.facts import Answered, AskedToMove, Blamed, Fact, Heard, Joined
from client_bot.measure import Measures
from client_bot.passage import Passage
from client_bot.sampling import EVERY_S, Sampling
from client_bot.stage import Stage
from client_bot.timeline import Timeline
from client_bot.visibility import Commit, Visibility

PING_S = 1.0
"""Silence after which a bot asks for a sign of life."""
SILENCE_S = 4.0
"""Silence after which it gives the connection up: a hung node is as good as a dead one."""


@attrs.frozen
class Surroundings:
    """What the bots of a swarm share: where to connect and how, pace, stage, and where measurements go.

    ``diary``: takes what they are told, and views now and then; None: nobody asks.
    """

    address: Address
    dial: Dial
    rate_hz: float
    think_s: float
    stage: Stage
    measures: Measures
    visibility: Visibility
    timeline: Timeline
    diary: Diary | None = None


@attrs.define(eq=False)
class Voyage:
    """Connections of one bot, one after the other; ``before`` is the voyage to be taken over from."""

    before: Voyage | None = None
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    is_succeeded: bool = False


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
    is_retiring: bool = attrs.field(default=False, init=False)
    """It is to give no more commands, for it is about to leave."""
    _backoff: Backoff = attrs.field(init=False)
    _line: Line | None = attrs.field(default=None, init=False)
    _joined_s: float = attrs.field(default=math.inf, init=False)
    _heard_s: float = attrs.field(default=0.0, init=False)
    _not_before_s: float = attrs.field(default=-math.inf, init=False)
    _passage: Passage | None = attrs.field(default=None, init=False)
    _seen_version: int = attrs.field(default=-1, init=False)
    _sampling: Sampling | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._backoff = Backoff(self.chance)
        if self.around.diary is not None:
            first_s = trio.current_time() + self.chance.uniform(0.0, EVERY_S)
            self._sampling = Sampling(self.client, self.around.diary.views, first_s)

    @property
    def node(self) -> str:
        """The node that serves or last served the bot; empty before the first welcome."""
        return self.client.welcome.node if self.client.welcome else ""

    # ---- from outside --------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Connects, plays and reconnects until the stage is over or the node dismisses the bot."""
        async with trio.open_nursery() as voyages:
            voyages.start_soon(self._sail, Voyage(), voyages)

    async def ask_digest(self) -> None:
        """Asks the node for content checks, when connected."""
        if self._line is not None and self.client.is_joined:
            await self._line.send(self.client.ask_digest())

    async def leave(self) -> None:
        """Ends the session, when connected."""
        if self._line is None:
            return
        if self.client.is_joined:
            await self._line.send(self.client.goodbye())
        await self._line.close()

    # ---- voyages -------------------------------------------------------------------------------------------------

    async def _sail(self, voyage: Voyage, voyages: trio.Nursery) -> None:
        with voyage.scope:
            while not self.around.stage.is_over:
                may_come_back = await self._connect(voyage, voyages)
                was_moving = self.client.state is State.MOVING
                if voyage.before is None:
                    self._lose()
                if not may_come_back or voyage.is_succeeded:
                    return
                await trio.sleep(self._pause_s(was_moving))

    async def _move(self, voyage: Voyage, voyages: trio.Nursery, after_s: float) -> None:
        """Sends a successor, unless the connection was lost and replaced meanwhile."""
        line = self._line
        await trio.sleep(after_s)
        if line is self._line and not voyage.is_succeeded:
            voyage.is_succeeded = True
            voyages.start_soon(self._sail, Voyage(voyage), voyages)

    def _pause_s(self, was_moving: bool) -> float:
        now_s = trio.current_time()
        asked_s = max(0.0, self._not_before_s - now_s)
        lasted_s = max(0.0, now_s - self._joined_s)
        self._joined_s = math.inf
        return asked_s if was_moving else asked_s + self._backoff.next_s(lasted_s)

    def _lose(self) -> None:
        """The connection is over, or about to be left for a better one."""
        if self.client.is_joined and self._passage is None:
            self._passage = Passage(self._heard_s, set(self.client.in_flight.waiting))
        self.client.disconnected()

    # ---- a connection --------------------------------------------------------------------------------------------

    async def _connect(self, voyage: Voyage, voyages: trio.Nursery) -> bool:
        async def talk(line: Line) -> Closed:
            return await self._talk(line, voyage, voyages)

        try:
            closed = await visit(self.around.address, self.client.codec, self.around.dial, talk)
        except UnreachableError as error:
            self.client.tally.failed_connections += 1
            self._not_before_s = trio.current_time() + error.retry_after_s
            return self._judge(error.may_pass, str(error))
        is_fine = may_return(closed.code) or self.client.state is State.MOVING
        return self._judge(is_fine, f"closed with {closed.code} {closed.reason}".rstrip())

    def _judge(self, may_come_back: bool, why: str) -> bool:
        self.last_ending = why
        if not may_come_back and not self.is_retiring and not self.around.stage.is_over:
            self.dismissed = why
        return may_come_back

    async def _talk(self, line: Line, voyage: Voyage, voyages: trio.Nursery) -> Closed:
        if voyage.before is not None:
            voyage.before.scope.cancel()
            voyage.before = None
            self._lose()
        self._line, self._heard_s = line, trio.current_time()
        try:
            await line.send(self.client.hello())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._play, line)
                nursery.start_soon(self._watch, line, nursery)
                nursery.start_soon(self._break_off, line)
                closed = await self._listen(line, voyage, voyages)
                nursery.cancel_scope.cancel()
        finally:
            self._line = None if self._line is line else self._line
        return closed

    async def _listen(self, line: Line, voyage: Voyage, voyages: trio.Nursery) -> Closed:
        if self.brain.reads_every_s:
            line.hold(1)
        while True:
            if self.brain.reads_every_s:
                with trio.move_on_after(self.brain.reads_every_s):
                    await self.around.stage.settling.wait()
            payloads = await line.receive()
            if isinstance(payloads, Closed):
                return payloads
            if self._line is not line:
                # Taken over in the moment that these arrived: they tell of a view that is not continued here.
                return Closed(ABNORMAL, "left")
            self._heard_s = now_s = trio.current_time()
            for payload in payloads:
                self._mark_view(now_s)
                self._take(payload, now_s, voyage, voyages)
                self._look(now_s)
            for reply in self.client.replies():
                await line.send(reply)

    def _take(self, payload: bytes, now_s: float, voyage: Voyage, voyages: trio.Nursery) -> None:
        if self._sampling is not None:
            self._sampling.before(self.node, now_s)
        for fact in self.client.receive(payload, now_s):
            self._note(fact, now_s, voyage, voyages)
        if self._sampling is not None:
            self._sampling.after(now_s)

    def _note(self, fact: Fact, now_s: float, voyage: Voyage, voyages: trio.Nursery) -> None:
        match fact:
            case Answered():
                self._measure(fact, now_s)
            case Joined():
                self._arrive(now_s)
            case AskedToMove():
                self._not_before_s = now_s + fact.after_s
                voyages.start_soon(self._move, voyage, voyages, fact.after_s)
            case Blamed():
                self.blamed = f"{fact.code}: {fact.text}"
            case Heard():
                pass

    async def _watch(self, line: Line, nursery: trio.Nursery) -> None:
        """Notices a node that hangs: its sockets stand, and nothing comes."""
        while True:
            await trio.sleep(PING_S / 2)
            silent_s = trio.current_time() - self._heard_s
            if silent_s >= SILENCE_S:
                await line.sever("silent")
            elif silent_s >= PING_S:
                # On its own: to a peer that takes nothing, sending may never end.
                nursery.start_soon(line.send, self.client.ping(trio.current_time()))

    async def _break_off(self, line: Line) -> None:
        """Drops the connection, if that is the bot's way."""
        await trio.sleep(self.brain.breaks_off_after_s * self.chance.uniform(0.5, 1.5))
        if self.around.stage.is_commanding:
            await line.sever("broken off")

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
            if self.around.think_s:
                next_s += self.chance.expovariate(1 / self.around.think_s)

    async def _beat(self, line: Line, now_s: float) -> None:
        client = self.client
        if client.mirror is None or not client.can_command or self.is_retiring or not self.around.stage.is_commanding:
            return
        for command, args in self.brain.decide(Sight(client.mirror, client.avatar, self.chance, now_s)):
            if client.can_command:
                self.around.timeline.sent(now_s)
                await line.send(client.command(command, args, now_s))

    # ---- measuring -----------------------------------------------------------------------------------------------

    def _arrive(self, now_s: float) -> None:
        self._seen_version = -1
        self._joined_s = now_s
        if self._passage is not None:
            self._passage.welcomed(self.client.in_flight.waiting)

    def _mark_view(self, now_s: float) -> None:
        if self._passage is not None:
            self._passage.heard(now_s)
            self._end_passage(self._passage, now_s)

    def _end_passage(self, passage: Passage, now_s: float) -> None:
        noticed_s = passage.noticed_s
        if noticed_s is not None:
            self.around.measures.resume_gap.add(noticed_s)
            self.around.timeline.returned(noticed_s, now_s)
            self._passage = None

    def _look(self, now_s: float) -> None:
        mirror = self.client.mirror
        if mirror is None or mirror.version == self._seen_version or not mirror.cells:
            return
        self._seen_version = mirror.version
        self.changed_s = now_s
        self.around.visibility.seen(mirror.epoch, self.node, mirror.version, now_s)

    def _measure(self, answer: Answered, now_s: float) -> None:
        if self.around.diary is not None:
            self.around.diary.entries.append(self._entry(answer, now_s))
        self.around.measures.do_to_done.add(answer.took_s)
        self.around.timeline.answered(self.node, answer.took_s, now_s)
        if self._passage is not None:
            self._passage.answered(answer.sent.seq, answer.took_s)
            self._end_passage(self._passage, now_s)
        if answer.is_commit and self.client.mirror is not None:
            commit = Commit(answer.ack.version, answer.sent.sent_s, now_s)
            self.around.visibility.committed(self.client.mirror.epoch, self.node, commit)

    def _entry(self, answer: Answered, now_s: float) -> Entry:
        sent, ack, mirror, welcome = answer.sent, answer.ack, self.client.mirror, self.client.welcome
        return Entry(
            session=welcome.session if welcome else "",
            seq=sent.seq,
            command=sent.command,
            sent_s=sent.sent_s,
            answered_s=now_s,
            code=ack.code,
            epoch=mirror.epoch if mirror else "",
            version=ack.version,
            node=self.node,
            again=sent.sent_s < self._joined_s,
            seen=mirror.version if mirror else 0,
        )
