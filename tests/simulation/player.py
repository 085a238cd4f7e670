"""A player with a script: the real client over lines that break, at whichever node lets it in, sending again what has
no answer; and the record of all that it was told."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs
import msgspec
import trio

from client_bot.client import Client
from client_bot.facts import Answered, Fact
from server.wire import close_codes
from server.wire.codec import MSGPACK
from server.wire.messages import Ack
from tests.simulation.air import Air
from tests.simulation.counting_house import SPOTS
from tests.simulation.line import Line
from tests.simulation.node import Node

JOIN_PATIENCE_S = 6.0
EXPECTED_CODES = frozenset(range(1000, 4500)) | {close_codes.SESSION_REPLACED}
"""Those after which a client comes back; and, when a join that was given up takes effect late, 4504 (decision 0043)."""


@attrs.define(eq=False)
class Order:
    """A command and its answer. ``sent_at`` and ``told_at`` count all that happens to players, in its order."""

    session: str
    seq: int
    command: str
    args: bytes
    sent_at: int
    told_at: int = 0
    ack: Ack | None = None
    resent: bool = False


@attrs.define(eq=False)
class Player:
    """One player.

    Args:
        place: where it connects next.
        ticks: counts what happens to all players.
    """

    name: str
    air: Air
    place: Callable[[], Node]
    ticks: itertools.count[int]
    orders: dict[tuple[str, int], Order] = attrs.field(factory=dict)
    line: Line | None = None
    bots: list[Client] = attrs.field(factory=list)
    left: set[str] = attrs.field(factory=set)
    turned_out: list[str] = attrs.field(factory=list)
    _lines: int = 0

    def __attrs_post_init__(self) -> None:
        self._begin_anew()

    @property
    def bot(self) -> Client:
        """The client of the present session; those before it left for good."""
        return self.bots[-1]

    @property
    def is_settled(self) -> bool:
        """In the world, and without an open question."""
        return self.bot.can_command and not self.bot.in_flight.waiting

    async def live(self) -> None:
        """Connects, plays, loses the connection, connects again; until cancelled."""
        while True:
            self._lines += 1
            line = self.place().connect(f"{self.name}-{self._lines}")
            if line is not None:
                self.line = line
                await self._play(line)
                self.bot.disconnected()
            if self._session in self.left:
                self._begin_anew()
            await trio.sleep(self.air.rng.uniform(0.01, 0.5))

    async def _play(self, line: Line) -> None:
        for waiting in self.bot.in_flight.waiting:
            self.orders[self._session, waiting].resent = True
        line.say(self.bot.hello())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, line)
            nursery.start_soon(self._command, line)
            await line.over.wait()
            nursery.cancel_scope.cancel()

    async def _listen(self, line: Line) -> None:
        async for payload in line.at_player:
            await trio.sleep(self.air.delay_s())
            for fact in self.bot.receive(payload, trio.current_time()):
                self._learn(fact)
            for reply in self.bot.replies():
                line.say(reply)
        self._note_end(line)
        line.over.set()

    def _note_end(self, line: Line) -> None:
        """A real client does not come back after some codes; but for a full house, none of them is called for here."""
        if line.closed is not None and line.closed[0] not in EXPECTED_CODES and line.closed[1] != "full":
            self.turned_out.append(f"{line.fresh} {line.closed}")

    def _learn(self, fact: Fact) -> None:
        if isinstance(fact, Answered):
            order = self.orders[self._session, fact.sent.seq]
            order.ack, order.told_at = fact.ack, next(self.ticks)
            self.air.note(f"{self.name} told {order.session} {fact.ack}")
        else:
            self.air.note(f"{self.name} {type(fact).__name__}")

    async def _command(self, line: Line) -> None:
        joined_by_s = trio.current_time() + JOIN_PATIENCE_S
        while True:
            await trio.sleep(self.air.rng.expovariate(self.air.weather.commands_hz))
            if self.bot.can_command and self.air.happens(self.air.weather.leaving):
                self.left.add(self._session)
                line.say(self.bot.goodbye())
                return
            if self.bot.can_command and not self.air.calm:
                self._send(line)
            elif not self.bot.can_command and trio.current_time() > joined_by_s:
                line.break_off(0.0)

    def _begin_anew(self) -> None:
        self.bots.append(Client(MSGPACK, self.name, resumes=True))

    def _send(self, line: Line) -> None:
        command, args = self._choose()
        payload = self.bot.command(command, args, trio.current_time())
        seq, sent = next(reversed(self.bot.in_flight.waiting.items()))
        order = Order(self._session, seq, command, sent.args, next(self.ticks))
        self.orders[self._session, seq] = order
        self.air.note(f"{self.name} sends {order.session} {seq} {command} {msgspec.msgpack.decode(sent.args)}")
        line.say(payload)

    def _choose(self) -> tuple[str, dict[str, int]]:
        rng = self.air.rng
        seen = {kind: self._seen(kind) for kind in ("Purse", "Coin", "Bell")}
        match rng.choice(["give", "give", "grab", "grab", "step", "strike"]):
            case "give" if seen["Purse"]:
                return "give", {"to": rng.choice(seen["Purse"]), "gold": rng.randint(1, 4)}
            case "grab" if seen["Coin"]:
                return "grab", {"what": rng.choice(seen["Coin"])}
            case "strike" if seen["Bell"]:
                return "strike", {"bell": rng.choice(seen["Bell"]), "times": rng.randint(-3, 5)}
        return "step", {"spot": rng.randrange(SPOTS)}

    def _seen(self, kind: str) -> list[int]:
        assert self.bot.mirror is not None
        return sorted(id_ for id_, _ in self.bot.mirror.find(kind))

    @property
    def _session(self) -> str:
        return self.bot.welcome.session if self.bot.welcome else ""
