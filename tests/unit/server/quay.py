"""Sessions without sockets: a client in memory, a player on it, and an open world on a store in memory.

Everything but the socket is the real thing, on Trio's virtual clock.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import msgspec
import trio

from client_bot.client import Client
from client_bot.facts import Fact
from server.config import WorldConfig
from server.game import Game
from server.host import WorldHost, open_host
from server.identity.gate import Gate
from server.seats import Seats
from server.session.session import Session
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK, Codec
from shared_state.directory import Directory
from shared_state.directory_names import node_name
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import SessionId, WorldName
from shared_state.session_row import unpack_head
from shared_state.store import Store
from shared_state.store_model import START_OF_2026_S, ModelStore
from tests.contract.writer import Step, make_batch, make_op

WORLD = WorldName("harbour")
SEAT_S = 40.0
_LENGTH = struct.Struct(">I")


@attrs.define(eq=False)
class MemoryClient:
    """Implements ``session.Client``: keeps what it is sent; blocked, it still keeps, as a backlog does."""

    stalled_since: float | None = None
    peer: str = "192.0.2.1"
    payloads: list[bytes] = attrs.field(factory=list)
    closed: tuple[int, str] | None = None
    frames_made: int = 0

    @property
    def blocked(self) -> bool:
        """As the test wants it."""
        return self.stalled_since is not None

    @blocked.setter
    def blocked(self, blocked: bool) -> None:
        self.stalled_since = trio.current_time() if blocked else None

    def send(self, frames: bytes) -> bool:
        """Takes frames apart; nothing is sent on a closed connection."""
        if self.closed is None:
            self.payloads.extend(payloads_in(frames))
        return not self.blocked

    def frame(self, payload: bytes) -> bytes:
        """A frame of its own kind: length and payload."""
        self.frames_made += 1
        return _LENGTH.pack(len(payload)) + payload

    def close(self, code: int, reason: str) -> None:
        """The first call counts."""
        self.closed = self.closed or (code, reason)


def payloads_in(frames: bytes) -> Iterator[bytes]:
    """The payloads of whole frames."""
    at = 0
    while at < len(frames):
        (size,) = _LENGTH.unpack_from(frames, at)
        yield frames[at + 4 : at + 4 + size]
        at += 4 + size


@attrs.define(eq=False)
class Player:
    """A player: session and client on the node's side, the protocol's client on the other."""

    host: WorldHost
    session: Session
    line: MemoryClient
    bot: Client
    facts: list[Fact] = attrs.field(factory=list)
    heard: list[wire.ToClient] = attrs.field(factory=list)

    def say(self, message: wire.ToServer | bytes) -> None:
        """Sends a message, or any bytes, unless the connection is closing."""
        if self.line.closed is None:
            payload = message if isinstance(message, bytes) else self.bot.codec.encode(message)
            self.session.on_message(payload)

    def do(self, seq: int, command: str, **args: Any) -> None:
        """Sends a command under a number of the test's choosing."""
        self.say(wire.Do(seq, command, msgspec.Raw(self.bot.codec.encode_value(args))))

    def hang_up(self) -> None:
        """The connection is over, as the node tells it to a session."""
        self.line.close(1006, "gone")
        self.host.newcomers.pop(self.session, None)
        self.session.on_closed()

    def leave(self) -> None:
        """Says goodbye, and the connection is over."""
        self.say(wire.Leave())
        self.hang_up()

    def listen(self) -> list[wire.ToClient]:
        """What arrived since the last call; the bot has taken it in."""
        payloads, self.line.payloads = self.line.payloads, []
        for payload in payloads:
            self.facts += self.bot.receive(payload, trio.current_time())
        news = [self.bot.codec.decode_to_client(payload) for payload in payloads]
        self.heard += news
        return news

    def answers(self) -> dict[int, wire.Ack]:
        """All answers so far, by sequence number."""
        self.listen()
        return {ack.seq: ack for message in self.heard if isinstance(message, wire.Done) for ack in message.acks}

    def errors(self) -> list[str]:
        """The codes of all errors so far."""
        self.listen()
        return [message.code for message in self.heard if isinstance(message, wire.Error)]

    def held(self) -> dict[int, list[Any]]:
        """The entities in the bot's view, by id."""
        self.listen()
        assert self.bot.mirror is not None
        return {id_: entity.values for cell in self.bot.mirror.cells.values() for id_, entity in cell.items()}


@attrs.define(eq=False)
class Quay:
    """An open world, and how players come to it."""

    host: WorldHost
    server: MemoryServer
    gate: Gate
    players: int = 0

    def arrive(self, codec: Codec = MSGPACK) -> Player:
        """A player whose connection is open, and who said nothing yet."""
        self.players += 1
        line = MemoryClient()
        session = Session(line, codec, self.host, SessionId(f"s{self.players}"), f"secret{self.players}", self.gate)
        self.host.arrive(session)
        return Player(self.host, session, line, Client(codec, f"player {self.players}"))

    async def join(self, codec: Codec = MSGPACK, **join: Any) -> Player:
        """A player in the world, with its first view."""
        player = self.arrive(codec)
        player.bot.hello()
        player.say(wire.Join(**{"name": player.bot.name, **join}))
        await self.settle()
        player.listen()
        return player

    async def settle(self) -> None:
        """Lets commits and the flush after them happen."""
        await trio.sleep(0.3)

    @property
    def stored(self) -> dict[int, bytes]:
        """The entities in the store."""
        return self.server.model.snapshot(self.host.world.name).state

    @property
    def rows(self) -> dict[str, bytes]:
        """The session rows in the store."""
        return self.server.model.worlds[self.host.world.name].sessions

    def usurp(self, session: str) -> bytes:
        """Another node takes a session over, and this one does not hear of it. Returns: the row."""
        model, name = self.server.model, self.host.world.name
        attachment = model.attach(name, model.worlds[name].schema, 1)
        head = unpack_head(self.rows[session])
        assert head is not None
        taken = make_op(b"usurper.", step=Step(session, head, head._replace(generation=2)))
        model.commit(name, make_batch(attachment, 1, [taken]))
        return self.rows[session]


def clock_ms() -> int:
    """Trio's clock in milliseconds since 1970."""
    return int((START_OF_2026_S + trio.current_time()) * 1000)


def memory_server() -> MemoryServer:
    """A store in memory on Trio's clock."""
    epochs = iter(range(1, 1000))
    return MemoryServer(
        ModelStore(lambda: int((START_OF_2026_S + trio.current_time()) * 1e6), lambda: f"epoch{next(epochs)}")
    )


@asynccontextmanager
async def open_quay(
    game: Game,
    *,
    server: MemoryServer | None = None,
    store: Store | None = None,
    node: str = "node1",
    live: set[str] | None = None,
    gate: Gate | None = None,
    directory: Directory | None = None,
    **config: Any,
) -> AsyncGenerator[Quay, None]:
    """An open world of a game.

    Args:
        store: what the world uses; by default a client of ``server``.
        gate: who may play; by default all.
        directory: counts the seats of the world, if it is given; they last ``SEAT_S``.
        live: owners of nodes that live, named ``<node>-1``; by default only this one's.
    """
    server = server or memory_server()
    used: Store = store or MemoryStore(server)
    owner = f"{node}-1"

    async def live_nodes() -> set[str]:
        return live if live is not None else {owner}

    seats = Seats(directory, WORLD, node_name(owner), SEAT_S) if directory else None
    limits = WorldConfig(**config)
    async with open_host(used, WORLD, game, node, owner, limits, live_nodes, clock_ms, seats=seats) as host:
        yield Quay(host, server, gate or Gate())


BOTH_CODECS = (MSGPACK, JSON)
