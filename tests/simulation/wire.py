"""A node's link to the store, as bad as the weather: what is sent travels on its own, whatever becomes of the sender.

How it works: a call is a letter. It travels, takes effect in one step of the model, and its answer travels back; either
way may take long, the answer may get lost, and a link that breaks fails all letters at once, also those that took
effect or are still to do so. Pushes travel alike. A paused node neither sends nor hears; a dead one leaves only what it
had sent before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar, cast

import attrs
import outcome
import trio

from shared_state.errors import StoreError, StoreUnavailable
from tests.simulation.air import Air
from tests.unit.shared_state.flaky_store import FlakyStore

T = TypeVar("T")

PATIENCE_S = 2.0
"""How long a link waits for an answer, or for a connection."""
TICK_S = 1e-6
WRITES = frozenset({"attach", "commit", "renew_epoch", "reserve_ids", "take_lease", "renew_lease", "beat"})
FULL = "OOM command not allowed when used memory > 'maxmemory'"


@attrs.define(eq=False)
class Letter:
    """A call under way."""

    done: trio.Event = attrs.field(factory=trio.Event)
    answer: outcome.Outcome[Any] = attrs.field(factory=lambda: outcome.Error(StoreUnavailable("no answer")))

    def settle(self, answer: outcome.Outcome[Any]) -> None:
        """The first answer counts."""
        if not self.done.is_set():
            self.answer = answer
            self.done.set()


def _open_gate() -> trio.Event:
    gate = trio.Event()
    gate.set()
    return gate


@attrs.define(eq=False)
class Wire(FlakyStore):
    """One node's client of the store, over one connection at a time."""

    air: Air = attrs.field(kw_only=True)
    name: str = attrs.field(kw_only=True)
    dead: bool = False
    cut: bool = False
    _awake: trio.Event = attrs.field(factory=_open_gate)
    _connected: trio.Event = attrs.field(factory=_open_gate)
    _connection: int = 0
    _letters: dict[Letter, None] = attrs.field(factory=dict)
    _last_due_s: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.channel = self._post

    @property
    def is_silent(self) -> bool:
        """Whether the store hears nothing of this node at present."""
        return self.dead or self.cut or not self._awake.is_set() or not self._connected.is_set()

    def pause(self) -> None:
        """The process is stopped."""
        if self._awake.is_set():
            self._awake = trio.Event()

    def wake(self) -> None:
        """The process goes on."""
        self._awake.set()

    def break_off(self) -> None:
        """The connection is lost, and that is noticed at once."""
        self._connection += 1
        if self._connected.is_set():
            self._connected = trio.Event()
        letters, self._letters = self._letters, {}
        for letter in letters:
            letter.settle(outcome.Error(StoreUnavailable("the connection broke")))

    def connect_again(self) -> None:
        """A new connection subscribes, and then takes calls."""
        self.cut = False
        if not self._connected.is_set():
            self._connected.set()
            self.subscribed_again()

    async def ask(self, method: str, act: Callable[[], T]) -> T:
        """Has something done at the store that is no call of the port. Raises: StoreUnavailable."""

        async def call() -> T:
            await trio.lowlevel.checkpoint()
            return act()

        return await self._call(method, call)

    async def _call(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        letter = Letter()
        with trio.move_on_after(PATIENCE_S):
            await self._connected.wait()
            await self._awake.wait()
            if self.dead:
                await trio.sleep_forever()
            self._letters[letter] = None
            self.air.nursery.start_soon(self._travel, method, call, letter, self._connection)
            await letter.done.wait()
        self._letters.pop(letter, None)
        await self._awake.wait()
        return cast(T, letter.answer.unwrap())

    async def _travel(self, method: str, call: Callable[[], Awaitable[Any]], letter: Letter, connection: int) -> None:
        lost = self.cut
        await trio.sleep(self.air.delay_s())
        if lost:
            return
        if self.air.store_is_full and method in WRITES:
            answer: outcome.Outcome[Any] = outcome.Error(StoreError(FULL))
        else:
            answer = await outcome.acapture(call)
        self.air.note(f"{self.name} {method} {_told(answer)}")
        if self.air.happens(self.air.weather.lost_replies) or self.cut:
            return
        await self._arrival()
        if connection == self._connection and not self.cut:
            letter.settle(answer)

    def _post(self, payload: bytes) -> Iterable[bytes]:
        """The channel of ``FlakyStore``: nothing arrives at once."""
        weather = self.air.weather
        if not self.is_silent and not self.air.happens(weather.lost_pushes):
            for _ in range(2 if self.air.happens(weather.doubled_pushes) else 1):
                self.air.nursery.start_soon(self._deliver, payload, self._connection)
        return ()

    async def _deliver(self, payload: bytes, connection: int) -> None:
        await self._arrival()
        await self._awake.wait()
        if connection == self._connection and not self.cut and not self.dead:
            self.push(payload)

    async def _arrival(self) -> None:
        """Waits until what the store sends now is here; in the order of sending, where that is kept."""
        due_s = trio.current_time() + self.air.delay_s()
        if self.air.weather.orderly:
            due_s = self._last_due_s = max(due_s, self._last_due_s + TICK_S)
        await trio.sleep_until(due_s)


def _told(answer: outcome.Outcome[Any]) -> str:
    match answer:
        case outcome.Value(value):
            return str(value)[:200]
        case outcome.Error(error):
            return f"{type(error).__name__}: {error}"
    raise AssertionError(answer)
