"""A player on a real socket: the protocol's own client on a bare connection, so that tests see frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import trio

from client_bot.client import Client, State
from client_bot.facts import Answered, Fact
from server.wire import close_codes
from server.wire import messages as wire
from server.wire.codec import MSGPACK
from tests.integration.net_peer import HANDSHAKE, Peer, connect
from tests.unit.net import masked


@attrs.define(eq=False)
class SocketPlayer:
    """One player. ``closed`` is the code that its connection ended with."""

    peer: Peer
    bot: Client
    facts: list[Fact] = attrs.field(factory=list)
    closed: int | None = None

    async def say(self, payload: bytes) -> None:
        """Sends a message."""
        await self.peer.send(masked.binary(payload))

    async def order(self, command: str, **args: Any) -> None:
        """Sends the next command."""
        await self.say(self.bot.command(command, args, trio.current_time()))

    async def listen_until(self, condition: Callable[[], bool]) -> None:
        """Takes in messages until the condition holds or the connection is closed."""
        while self.closed is None and not condition():
            opcode, payload = await self.peer.read_frame()
            if opcode == 2:
                self.facts += self.bot.receive(payload, trio.current_time())
            elif opcode == 8:
                self.closed = int.from_bytes(payload[:2], "big")
            elif opcode not in (9, 10):
                self.closed = close_codes.LOST

    async def do(self, command: str, **args: Any) -> wire.Ack:
        """Sends a command and waits for its answer."""
        answered = self._answers()
        await self.order(command, **args)
        await self.listen_until(lambda: self._answers() > answered)
        assert self.closed is None, f"closed with {self.closed}"
        return next(fact.ack for fact in reversed(self.facts) if isinstance(fact, Answered))

    async def read_close(self) -> int:
        """Waits for the end. Returns: its close code."""
        await self.listen_until(lambda: False)
        return self.closed or close_codes.LOST

    def is_content(self) -> bool:
        """It is joined, and everything it was told fits together."""
        return self.closed is None and self.bot.state is State.JOINED and self.bot.findings.first == []

    def sees_itself(self) -> bool:
        """Its avatar is in view."""
        return self.bot.mirror is not None and self.bot.mirror.get(self.bot.avatar) is not None

    def _answers(self) -> int:
        return sum(isinstance(fact, Answered) for fact in self.facts)


async def knock(port: int, world: str = "bay") -> SocketPlayer:
    """A player whose WebSocket is open and who has not joined; the server may have closed it already."""
    peer = await connect(port)
    await peer.send(HANDSHAKE.replace(b"/ws/bay", f"/ws/{world}".encode()))
    head = await peer.read_head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    return SocketPlayer(peer, Client(MSGPACK, "Ann"))


async def enter(port: int, world: str = "bay", radius: float = 0.0, seat: str = "") -> SocketPlayer:
    """A player in the world, who sees its avatar."""
    player = await knock(port, world)
    player.bot.radius, player.bot.seat = radius, seat
    await player.say(player.bot.hello())
    await player.listen_until(player.sees_itself)
    assert player.closed is None, f"closed with {player.closed}"
    return player
