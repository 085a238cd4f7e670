"""One task for all client sockets: waits for any of them, then serves every ready one in one go.

All sockets stand in one selector, and Trio waits for the selector's own descriptor: one wake-up serves many clients.
Knows members and readiness, not frames. Invariant: a member that has left is not called any more.
"""

from __future__ import annotations

import selectors
import socket
from typing import Final, Protocol

import attrs
import trio

from server.net.pace import Pace

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE

# Sockets served before other tasks get their turn.
_TURN_SOCKETS: Final = 256
_TICK_S: Final = 1.0


class Member(Protocol):
    """A socket in the hub's care; its methods neither block nor raise."""

    socket: socket.socket
    watched: int

    def on_readable(self) -> None:
        """Bytes, or the end, have arrived."""

    def on_writable(self) -> None:
        """The socket takes bytes again."""

    def on_resumed(self) -> None:
        """The turn asked for with ``Hub.resume`` has come."""

    def on_tick(self, now_s: float) -> None:
        """About a second went by; Trio's time."""


@attrs.define(eq=False)
class Hub:
    """Serves the sockets of its members while ``run`` runs.

    Args:
        receive_pause_s: least time between two rounds under load.
        tick_s: period of ``on_tick``.
    """

    receive_pause_s: float = 0.0
    tick_s: float = _TICK_S
    _selector: selectors.DefaultSelector = attrs.field(init=False, factory=selectors.DefaultSelector)
    _members: set[Member] = attrs.field(init=False, factory=set)
    _resumed: list[Member] = attrs.field(init=False, factory=list)
    _wakeup: trio.Event = attrs.field(init=False, factory=trio.Event)

    def add(self, member: Member) -> None:
        """Takes a member; nothing is watched yet."""
        self._members.add(member)

    def remove(self, member: Member) -> None:
        """Lets a member go; call it before its socket is closed."""
        self.watch(member, 0)
        self._members.discard(member)

    def watch(self, member: Member, events: int) -> None:
        """Watches a member's socket for READ, WRITE, both or (0) nothing."""
        if events == member.watched:
            return
        if not member.watched:
            self._selector.register(member.socket, events, member)
        elif events:
            self._selector.modify(member.socket, events, member)
        else:
            self._selector.unregister(member.socket)
        member.watched = events

    def resume(self, member: Member) -> None:
        """Asks for ``on_resumed``, soon and not from within this call."""
        self._resumed.append(member)
        self._wakeup.set()

    async def run(self) -> None:
        """Serves until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            nursery.start_soon(self._serve_resumed)
            nursery.start_soon(self._serve_ready)

    def close(self) -> None:
        """Frees the selector; only after the last member was removed."""
        self._selector.close()

    async def _serve_ready(self) -> None:
        pace = Pace(self.receive_pause_s)
        while True:
            # Under load something is ready by then: asking only after a while takes one wake-up, waiting first two.
            if delay_s := pace.delay_s(trio.current_time()):
                await trio.sleep(delay_s)
            else:
                await trio.lowlevel.wait_readable(self._selector)
            ready = self._selector.select(0)
            pace.record(trio.current_time(), len(ready))
            for start in range(0, len(ready), _TURN_SOCKETS):
                if start:
                    await trio.lowlevel.checkpoint()
                _serve_turn(ready[start : start + _TURN_SOCKETS])

    async def _serve_resumed(self) -> None:
        while True:
            await self._wakeup.wait()
            self._wakeup = trio.Event()
            resumed, self._resumed = self._resumed, []
            for member in resumed:
                member.on_resumed()

    async def _tick(self) -> None:
        while True:
            await trio.sleep(self.tick_s)
            now_s = trio.current_time()
            for member in list(self._members):
                member.on_tick(now_s)


def _serve_turn(ready: list[tuple[selectors.SelectorKey, int]]) -> None:
    for key, events in ready:
        member: Member = key.data
        # A member served earlier in this round may have closed this one: it watches nothing now.
        if events & READ & member.watched:
            member.on_readable()
        if events & WRITE & member.watched:
            member.on_writable()
