"""A real WebSocket node for tests, serving the tiny world in memory, with faults on demand.

Nodes of one ``Bay`` share its state, as real nodes share a store. A node shows each player at its flushes what changed
since the last, and answers after that, as the protocol asks; ``Faults`` make it break one promise at a time.
Streams are in memory, so that everything runs on a virtual clock.
"""

from __future__ import annotations

from collections import deque

import attrs
import msgspec
import trio
from trio.testing import memory_stream_pair
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from client_bot.connection import Address
from server.wire import messages as wire
from server.wire.codec import CODECS, Codec
from tests.unit.client_bot import bay

CELLS = (0, 1)
BORDER_X = 500.0
DIGEST_EVERY_S = 0.8


@attrs.define
class Faults:
    """How often each promise is to be broken from now on, over all nodes."""

    drop_deltas: int = 0
    double_acks: int = 0
    withhold_acks: int = 0
    hasty_acks: int = 0
    close_with: deque[int] = attrs.Factory(deque)
    refuse_with: deque[int] = attrs.Factory(deque)
    retry_after_s: int = 0

    def strikes(self, name: str) -> bool:
        """The fault is due; it is used up by asking."""
        left = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return bool(left)


@attrs.define(eq=False)
class Player:
    """One connection that joined."""

    socket: WebSocketConnection
    codec: Codec
    avatar: int
    shown: bay.State
    acks: list[wire.Ack] = attrs.Factory(list)
    version: int = 0
    wants_digest: bool = False
    digest_due_s: float = 0.0
    wants_reset: bool = False
    wants_pong: bool = False


@attrs.define(eq=False)
class Bay:
    """The shared state, and the nodes that serve it in turn."""

    nursery: trio.Nursery
    nodes: tuple[tuple[str, float], ...] = (("a", 0.05),)
    faults: Faults = attrs.Factory(Faults)
    state: dict[int, bay.Row] = attrs.Factory(dict)
    version: int = 0
    dials: int = 0
    sessions: int = 0
    joins: list[wire.Join] = attrs.Factory(list)
    left: int = 0
    _next_id: int = 1

    def create(self, kind: int, *values: object) -> int:
        """Puts an entity into the world."""
        entity_id, self._next_id = self._next_id, self._next_id + 1
        self.change(entity_id, kind, values)
        return entity_id

    def change(self, entity_id: int, kind: int, values: tuple[object, ...]) -> None:
        """Commits new values of an entity."""
        self.version += 1
        self.state[entity_id] = (int(float(values[0]) >= BORDER_X), kind, values)  # type: ignore[arg-type]

    def delete(self, entity_id: int) -> None:
        """Commits the end of an entity."""
        self.version += 1
        self.state.pop(entity_id, None)

    async def dial(self, _: Address) -> trio.abc.Stream:
        """The client's end of a connection to the next node. Raises: OSError when refused."""
        near, far = memory_stream_pair()
        name, flush_s = self.nodes[self.dials % len(self.nodes)]
        self.dials += 1
        self.nursery.start_soon(self._serve, far, name, flush_s)
        return near

    async def _serve(self, stream: trio.abc.Stream, node: str, flush_s: float) -> None:
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream)
            if self.faults.refuse_with:
                headers = [(b"retry-after", b"%d" % self.faults.retry_after_s)]
                await request.reject(self.faults.refuse_with.popleft(), extra_headers=headers)
                return
            socket = await request.accept(subprotocol=request.proposed_subprotocols[0])
            try:
                await self._converse(socket, node, flush_s)
            except* ConnectionClosed:
                pass
            nursery.cancel_scope.cancel()

    async def _converse(self, socket: WebSocketConnection, node: str, flush_s: float) -> None:
        codec = CODECS[socket.subprotocol or ""]
        join = await _read(socket, codec)
        assert isinstance(join, wire.Join)
        player = await self._admit(socket, codec, join, node)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._flush_often, player, flush_s)
                while True:
                    self._obey(player, await _read(socket, codec))
        finally:
            self.delete(player.avatar)

    async def _admit(self, socket: WebSocketConnection, codec: Codec, join: wire.Join, node: str) -> Player:
        self.sessions += 1
        self.joins.append(join)
        avatar = 0 if join.spectate else self.create(bay.BOAT, 450.0, 500.0, join.name)
        player = Player(socket, codec, avatar, dict(self.state), version=self.version)
        await _write(player, bay.welcome(f"s{self.sessions}", avatar, node, self.version))
        await _write(player, bay.content(player.shown, CELLS, player.version))
        return player

    def _obey(self, player: Player, message: wire.ToServer) -> None:
        match message:
            case wire.Do():
                player.acks.append(self._do(player, message))
            case wire.Digest(ok=True):
                player.wants_digest = True
            case wire.Digest():
                player.wants_reset = True
            case wire.Ping():
                player.wants_pong = True
            case wire.Leave():
                self.left += 1

    def _do(self, player: Player, do: wire.Do) -> wire.Ack:
        module = msgspec.json if player.codec.is_text else msgspec.msgpack
        args = module.decode(do.args)
        if do.command == "grab":
            if args["crate"] not in self.state or self.state[args["crate"]][1] != bay.CRATE:
                return wire.Ack(do.seq, self.version, "gone", "another took it")
            self.delete(args["crate"])
        elif do.command == "row":
            _, kind, (x, y, name) = self.state[player.avatar]
            self.change(player.avatar, kind, (x + args["dx"], y + args["dy"], name))
        return wire.Ack(do.seq, self.version)

    async def _flush_often(self, player: Player, flush_s: float) -> None:
        while True:
            await trio.sleep(flush_s)
            if self.faults.close_with:
                await player.socket.aclose(self.faults.close_with.popleft())
            if player.wants_pong:
                player.wants_pong = False
                await _write(player, wire.Pong(0.0, 0.0))
            await self._flush(player)

    async def _flush(self, player: Player) -> None:
        state, version, acks = dict(self.state), self.version, player.acks
        if trio.current_time() >= player.digest_due_s:
            player.digest_due_s = trio.current_time() + DIGEST_EVERY_S
            player.wants_digest = True
        player.acks = []
        if acks and self.faults.strikes("hasty_acks"):
            await _write(player, wire.Done(acks))
            acks = []
        if player.wants_reset:
            await _write(player, wire.Reset("e1", version, "digest"))
            await _write(player, bay.content(state, CELLS, version))
        elif version > player.version or player.wants_digest:
            await self._show(player, state, version)
        player.shown, player.version, player.wants_digest, player.wants_reset = state, version, False, False
        if acks and not self.faults.strikes("withhold_acks"):
            await _write(player, wire.Done(acks * (2 if self.faults.strikes("double_acks") else 1)))

    async def _show(self, player: Player, state: bay.State, version: int) -> None:
        message = bay.delta(player.shown, state, CELLS, version, player.wants_digest)
        if message.cells and not player.wants_digest and self.faults.strikes("drop_deltas"):
            message = wire.Delta(version, [])
        await _write(player, message)


async def _read(socket: WebSocketConnection, codec: Codec) -> wire.ToServer:
    message = await socket.get_message()
    return codec.decode_to_server(message.encode() if isinstance(message, str) else message)


async def _write(player: Player, message: wire.ToClient) -> None:
    payload = player.codec.encode(message)
    await player.socket.send_message(payload.decode() if player.codec.is_text else payload)
