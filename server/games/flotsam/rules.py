"""What players do first: enter, leave, row, grab, shout."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.game import Actor, Command, EntityId, Rejection, Transaction
from server.games.flotsam.hold import ADRIFT, scuttle, stow
from server.games.flotsam.motion import SIZE, effort_ms, step, tire
from server.games.flotsam.reach import TOO_FAR
from server.games.flotsam.world import HULL, REACH, STROKE, Boat, Crate, game

PLANKS = 2
"""What the wood of a crate adds to a hull."""

Stroke = Annotated[int, msgspec.Meta(ge=-STROKE, le=STROKE)]


class Row(Command, frozen=True):
    """One stroke of the oars, in world units."""

    dx: Stroke
    dy: Stroke


class Grab(Command, frozen=True):
    """Pick up a crate within reach."""

    crate: EntityId


class Shout(Command, frozen=True):
    """Say something to all who see the boat."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """A new boat somewhere in the bay."""
    return tx.create(Boat(tx.random.randrange(SIZE), tx.random.randrange(SIZE), name))


@game.on_arrive
def arrive(tx: Transaction, actor: Actor) -> None:
    """The boat shows which node its player is on."""
    boat = tx.get(actor.entity, Boat)
    if boat is not None and boat.node != actor.node:
        tx.patch(actor.entity, node=actor.node)


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """The boat goes; its cargo stays as a crate."""
    boat = tx.get(actor.entity, Boat)
    if boat is not None:
        scuttle(tx, actor.entity, boat)


@game.rule(Row, rate_hz=15, burst=30)
def row(tx: Transaction, actor: Actor, command: Row) -> Rejection | None:
    """Moves the boat. Strength returns with time, so more messages are no more speed."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    rested_ms = tire(boat.rested_ms, tx.now_ms, effort_ms(command.dx, command.dy))
    if rested_ms is None:
        return Rejection("tired", "nobody rows that fast")
    x, y = step(boat.x, boat.y, command.dx, command.dy)
    tx.patch(actor.entity, x=x, y=y, rested_ms=rested_ms, dx=command.dx, dy=command.dy)
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
        return TOO_FAR
    tx.delete(command.crate)
    stow(tx, actor.entity, boat, crate.gold, crate.oil, hull=min(boat.hull + PLANKS, HULL))
    picked = {"boat": actor.entity, "crate": command.crate, "gold": crate.gold, "oil": crate.oil}
    tx.emit("picked", picked, x=crate.x, y=crate.y)
    return None


@game.rule(Shout, rate_hz=2, burst=5)
def shout(tx: Transaction, actor: Actor, command: Shout) -> Rejection | None:
    """Tells everybody who sees the boat."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    tx.emit("shout", {"boat": actor.entity, "name": boat.name, "text": command.text}, x=boat.x, y=boat.y)
    return None
