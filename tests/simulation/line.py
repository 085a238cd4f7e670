"""A player's connection to a node: bytes take their time both ways, and each end learns of its end in its own time."""

from __future__ import annotations

import math

import attrs
import trio

from server.host import WorldHost
from server.identity.gate import Gate
from server.session.session import Session
from server.wire.codec import MSGPACK
from shared_state.names import SessionId
from tests.simulation.air import Air
from tests.unit.server.quay import MemoryClient, payloads_in


@attrs.define(eq=False)
class Line(MemoryClient):
    """Implements ``session.Client``. ``down`` ends when the connection is over for the player."""

    air: Air = attrs.field(kw_only=True)
    host: WorldHost = attrs.field(kw_only=True)
    fresh: str = attrs.field(kw_only=True)
    session: Session = attrs.field(init=False)
    node_is_gone: bool = False
    _up: trio.MemorySendChannel[bytes] = attrs.field(init=False)
    _at_node: trio.MemoryReceiveChannel[bytes] = attrs.field(init=False)
    _down: trio.MemorySendChannel[bytes] = attrs.field(init=False)
    at_player: trio.MemoryReceiveChannel[bytes] = attrs.field(init=False)
    over: trio.Event = attrs.field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self._up, self._at_node = trio.open_memory_channel[bytes](math.inf)
        self._down, self.at_player = trio.open_memory_channel[bytes](math.inf)
        self.session = Session(self, MSGPACK, self.host, SessionId(self.fresh), f"secret of {self.fresh}", Gate())
        self.host.arrive(self.session)
        self.air.nursery.start_soon(self._carry_up)

    def send(self, frames: bytes) -> bool:
        """See ``session.Client``."""
        if self.closed is None and not self.node_is_gone:
            for payload in payloads_in(frames):
                self._down.send_nowait(payload)
        return True

    def close(self, code: int, reason: str) -> None:
        """The node ends it: what it sent before still arrives."""
        if self.closed is None:
            self.air.note(f"{self.fresh} closed {code} {reason}")
            super().close(code, reason)
            self._down.close()
            self.air.nursery.start_soon(self.tell_node, 0.0)

    def say(self, payload: bytes) -> None:
        """The player sends a message."""
        self._up.send_nowait(payload)

    def break_off(self, noticed_s: float) -> None:
        """It breaks: the player knows now, the node only later, and until then takes what was under way."""
        self.over.set()
        if not self.node_is_gone:
            self.air.nursery.start_soon(self.tell_node, noticed_s)

    def lose_node(self) -> None:
        """The node is no more."""
        self.node_is_gone = True
        self.over.set()

    async def tell_node(self, noticed_s: float) -> None:
        """The node learns that the connection is over."""
        await trio.sleep(noticed_s)
        if not self.node_is_gone:
            self.node_is_gone = True
            super().close(1006, "gone")
            self.host.newcomers.pop(self.session, None)
            self.session.on_closed()

    async def _carry_up(self) -> None:
        async for payload in self._at_node:
            await trio.sleep(self.air.delay_s())
            if self.node_is_gone:
                return
            if self.closed is None:
                self.session.on_message(payload)
