"""The node's path for one command, without sockets: ``python -m bench.path [rounds]``.

Decode, session, rule, transaction, batch, claim, delta, replica, interest, frame: all of it is the node's own code, in
one process; the store is the model, whose time is left out, and clients count bytes. A round is what a twentieth of a
second of the arena brings: half of the players move, and everybody is shown it. Beside it runs a reference loop that
no change of ours touches: the ratio of the two is the same on a fast machine, a slow one and a busy one.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import msgspec
import structlog
import trio
import trio.testing

from bench.arena.game import together
from server.app import collect_seldom
from server.config import WorldConfig
from server.host import WorldHost, open_host
from server.identity.gate import Gate
from server.net.frames import BINARY, encode_frame
from server.session.session import Session
from server.wire.codec import MSGPACK
from server.wire.messages import Do, Join
from shared_state.batch import Batch, CommitReply
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import SessionId, WorldName
from shared_state.redis.claim import encode_claim
from shared_state.store_model import ModelStore

PLAYERS = 200
MOVERS = PLAYERS // 2
ROUNDS = 60
FLUSH_S = 0.05
_MOVE = msgspec.Raw(MSGPACK.encode_value({"dx": 1, "dy": -1}))


@attrs.define(eq=False)
class PackingStore(MemoryStore):
    """Packs what it commits, as for a server; ``elsewhere_s`` is the time that the model took."""

    elsewhere_s: float = 0.0

    async def commit(self, world: WorldName, batch: Batch) -> CommitReply:
        """See ``Store.commit``."""
        await trio.lowlevel.checkpoint()
        assert encode_claim(batch) is not None
        began_s = time.process_time()
        reply, delta = self.server.model.commit(world, batch)
        self.elsewhere_s += time.process_time() - began_s
        assert delta is not None
        self.server.publish(world, delta, self)
        return reply


@attrs.define(eq=False)
class Audience:
    """One player's connection, and what it was sent."""

    session: Session = attrs.field(init=False)
    peer: str = "127.0.0.1"
    blocked: bool = False
    stalled_since: float | None = None
    frames: int = 0
    seq: int = 0

    def frame(self, payload: bytes) -> bytes:
        """See ``Client``."""
        return encode_frame(BINARY, payload)

    def send(self, frames: bytes) -> bool:
        """See ``Client``."""
        self.frames += 1
        return True

    def close(self, code: int, reason: str) -> None:
        """See ``Client``."""
        raise AssertionError(f"closed: {code} {reason}")

    def move(self) -> bytes:
        """The next command."""
        self.seq += 1
        return MSGPACK.encode(Do(self.seq, "move", _MOVE))


@attrs.define(eq=False)
class Stage:
    """An open world full of players."""

    host: WorldHost
    store: PackingStore
    players: list[Audience]
    turn: int = 0

    async def round_s(self) -> float:
        """Processor time of one round, until all have been shown and told."""
        half = self.players[self.turn % 2 :: 2]
        self.turn += 1
        messages = [(player.session, player.move()) for player in half]
        before = self.players[0].frames
        began_s, elsewhere_s = time.process_time(), self.store.elsewhere_s
        for session, message in messages:
            session.on_message(message)
        await trio.sleep(FLUSH_S)
        spent_s = time.process_time() - began_s - (self.store.elsewhere_s - elsewhere_s)
        assert self.players[0].frames > before, "nothing was shown"
        return spent_s


@asynccontextmanager
async def stage() -> AsyncGenerator[Stage, None]:
    """Opens a world and lets everybody in; to be run on a clock that jumps."""
    model = ModelStore(now_us=lambda: time.time_ns() // 1000, new_epoch=lambda: "epoch")
    store = PackingStore(MemoryServer(model))
    async with open_host(store, WorldName("path"), together, "node", "owner", WorldConfig()) as host:
        players = []
        for number in range(PLAYERS):
            player = Audience()
            player.session = Session(player, MSGPACK, host, SessionId(f"s{number}"), "secret", Gate())
            player.session.on_message(MSGPACK.encode(Join(name=str(number))))
            players.append(player)
        await trio.sleep(1)
        yield Stage(host, store, players)


def reference_s() -> float:
    """Processor time of a loop of ours that stays as it is: dictionaries, objects, calls, MessagePack."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Do).decode
    began_s = time.process_time()
    places: dict[int, tuple[int, int]] = {}
    total = 0
    for number in range(MOVERS * 20):
        message = decode(encode(Do(number, "move", _MOVE)))
        x, y = places.get(message.seq % MOVERS, (0, 0))
        places[message.seq % MOVERS] = (x + 1, y - 1)
        total += sum(len(part) for part in (message.command, "step", str(number)))
    assert total
    return time.process_time() - began_s


async def measure(rounds: int) -> tuple[float, float]:
    """Microseconds of processor time a command, and the ratio to the reference loop; medians of interleaved rounds."""
    async with stage() as it:
        for _ in range(10):
            await it.round_s()
        pairs = [(await it.round_s(), reference_s()) for _ in range(rounds)]
    return statistics.median(ours for ours, _ in pairs) / MOVERS * 1e6, statistics.median(a / b for a, b in pairs)


def main() -> None:
    """Prints one line of JSON."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    collect_seldom()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    us, ratio = trio.run(measure, rounds, clock=trio.testing.MockClock(autojump_threshold=0))
    print(json.dumps({"benchmark": "path", "us_per_command": round(us, 1), "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
