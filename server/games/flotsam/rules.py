"""What players do: enter, leave, row, grab, shout."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.game import Actor, Command, EntityId, Rejection, Transaction
from server.games.flotsam.world import BURST_MS, REACH, SIZE, SPEED_PER_S, STROKE, Boat, Crate, game

Stroke = Annotated[int, msgspec.Meta(ge=-STROKE, le=STROKE)]


class Row(Command, frozen=True):
    """One stroke of the oars."""

    dx: Stroke
    dy: Stroke


class Grab(Command, frozen=True):
    """Pick up a crate within reach."""

    crate: EntityId


class Shout(Command, frozen=True):
    """Say something to all who see the boat."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


ADRIFT = Rejection("no_boat", "your boat is gone")


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """A new boat somewhere in the bay."""
    return tx.create(Boat(tx.random.randrange(SIZE), tx.random.randrange(SIZE), name))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """The boat goes; its gold stays as a crate."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return
    tx.delete(actor.entity)
    if boat.gold:
        tx.create(Crate(boat.x, boat.y, boat.gold))


@game.rule(Row, rate_hz=15, burst=30)
def row(tx: Transaction, actor: Actor, command: Row) -> Rejection | None:
    """Moves the boat. Strength returns with time, so more messages are no more speed."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    # Rounded up: rounded down, some strokes would cost less than they move.
    effort_ms = -(-max(abs(command.dx), abs(command.dy)) * 1000 // SPEED_PER_S)
    rested_ms = max(boat.rested_ms, tx.now_ms) + effort_ms
    if rested_ms - tx.now_ms > BURST_MS:
        return Rejection("tired", "nobody rows that fast")
    x = min(max(boat.x + command.dx, 0), SIZE - 1)
    y = min(max(boat.y + command.dy, 0), SIZE - 1)
    tx.patch(actor.entity, x=x, y=y, rested_ms=rested_ms)
    return None


@game.rule(Grab, rate_hz=10, burst=20)
def grab(tx: Transaction, actor: Actor, command: Grab) -> Rejection | None:
    """Takes a crate on board: the first who reaches it has it."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    crate = tx.get(command.crate, Crate)
    if crate is None:
        return Rejection("gone", "somebody was faster")
    if max(abs(crate.x - boat.x), abs(crate.y - boat.y)) > REACH:
        return Rejection("too_far", "out of reach")
    tx.delete(command.crate)
    tx.patch(actor.entity, gold=boat.gold + crate.gold)
    tx.emit("picked", {"boat": actor.entity, "crate": command.crate, "gold": crate.gold}, x=crate.x, y=crate.y)
    return None


@game.rule(Shout, rate_hz=2, burst=5)
def shout(tx: Transaction, actor: Actor, command: Shout) -> Rejection | None:
    """Tells everybody who sees the boat."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    tx.emit("shout", {"boat": actor.entity, "name": boat.name, "text": command.text}, x=boat.x, y=boat.y)
    return None
