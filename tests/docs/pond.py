"""The game of docs/protocol.md, and the round of it that the page shows: played on a real session and store model.

``python -m tests.docs.pond`` prints the round.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import trio
from trio.testing import MockClock

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction
from server.wire.codec import JSON
from tests.unit.server.quay import Player, Quay, open_quay

CLOCK_MS = 1_795_600_000_000
game = Game(
    name="pond",
    cell_size=100.0,
    bounds=(0.0, 0.0, 200.0, 100.0),
    view_radius=60.0,
    max_view_radius=200.0,
    events=["quack"],
)


@game.kind
class Duck(Kind, frozen=True):
    """A player."""

    x: int
    y: int
    name: str


class Paddle(Command, frozen=True):
    """Swims a little."""

    dx: Annotated[int, msgspec.Meta(ge=-20, le=20)]
    dy: Annotated[int, msgspec.Meta(ge=-20, le=20)] = 0


class Quack(Command, frozen=True):
    """Is heard by those who see the duck."""


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """Everybody starts in the west."""
    return tx.create(Duck(90, 50, name))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """The duck flies off."""
    tx.delete(actor.entity)


@game.rule(Paddle, rate_hz=10, burst=20)
def paddle(tx: Transaction, actor: Actor, command: Paddle) -> Rejection | None:
    """Moves the duck, but not ashore."""
    duck = tx.get(actor.entity, Duck)
    assert duck is not None
    x, y = duck.x + command.dx, duck.y + command.dy
    if not (0 <= x < 200 and 0 <= y < 100):
        return Rejection("ashore", "ducks swim")
    tx.patch(actor.entity, x=x, y=y)
    return None


@game.rule(Quack, rate_hz=2, burst=4)
def quack(tx: Transaction, actor: Actor, command: Quack) -> None:
    """Tells those who see it."""
    duck = tx.get(actor.entity, Duck)
    assert duck is not None
    tx.emit("quack", {"duck": actor.entity}, x=duck.x, y=duck.y)


SAID: list[dict[str, Any] | str] = [
    {"type": "join", "name": "Ann"},
    {"type": "ping", "clock_ms": 12345.5},
    "Ben joins",
    {"type": "do", "seq": 1, "command": "paddle", "args": {"dx": 15, "dy": -5}},
    {"type": "do", "seq": 2, "command": "quack"},
    {"type": "do", "seq": 3, "command": "paddle", "args": {"dx": 0, "dy": -20}},
    {"type": "do", "seq": 4, "command": "paddle", "args": {"dx": 0, "dy": -20}},
    {"type": "do", "seq": 5, "command": "paddle", "args": {"dx": 0, "dy": -20}},
    {"type": "do", "seq": 6, "command": "paddle", "args": {"dx": 50}},
    {"type": "digest"},
    {"type": "wave"},
    {"type": "view", "radius": 20},
    "Ben leaves",
    {"type": "leave"},
]


async def play() -> list[str]:
    """The round, line by line: what Ann says, what she is told, and what Ben does meanwhile."""
    lines: list[str] = []
    async with open_quay(game, digest_every_s=1e6) as quay:
        ann = quay.arrive(JSON)
        ben: Player | None = None
        for said in SAID:
            if isinstance(said, dict):
                lines.append(f"> {json.dumps(said)}")
                ann.say(json.dumps(said).encode())
            else:
                lines.append(f"# {said}.")
                ben = await _act(quay, ben)
            await quay.settle()
            lines += [f"< {_fixed(payload)}" for payload in _taken(ann)]
        assert ann.line.closed is not None
        lines.append(f"# Closed: {ann.line.closed[0]}.")
    return lines


async def _act(quay: Quay, ben: Player | None) -> Player:
    if ben is None:
        return await quay.join(name="Ben")
    ben.leave()
    return ben


def _taken(player: Player) -> list[bytes]:
    payloads, player.line.payloads = player.line.payloads, []
    return payloads


def _fixed(payload: bytes) -> str:
    """A message as the page shows it: with the same clock always."""
    message = json.loads(payload)
    for name in ("clock_ms", "server_ms"):
        if message["type"] in ("welcome", "pong") and (name, message["type"]) != ("clock_ms", "pong"):
            message[name] = CLOCK_MS if name in message else None
    return json.dumps({name: value for name, value in message.items() if value is not None})


async def _main() -> None:
    print("\n".join(await play()))  # noqa: T201


if __name__ == "__main__":
    trio.run(_main, clock=MockClock(autojump_threshold=0))
