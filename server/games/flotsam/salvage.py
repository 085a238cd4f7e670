"""Salvage: work on a wreck for a while, alone. The work is an action: it holds a lease on the wreck while it lasts."""

from __future__ import annotations

from server.game import Actor, Command, EntityId, Look, Rejection, Transaction
from server.games.flotsam.hold import stow
from server.games.flotsam.motion import is_within
from server.games.flotsam.reach import reach
from server.games.flotsam.world import Boat, Wreck, game

SALVAGE_REACH = 80
SALVAGE_S = 3.0

GONE = Rejection("gone", "there is no such wreck")


class Salvage(Command, frozen=True):
    """Bring up a wreck's cargo: takes three seconds, in which the boat must stay close."""

    wreck: EntityId


@game.rule(Salvage, rate_hz=2, burst=4)
def salvage(tx: Transaction, actor: Actor, command: Salvage) -> Rejection | None:
    """The work begins."""
    met = reach(tx, actor, command.wreck, Wreck, SALVAGE_REACH, GONE)
    if isinstance(met, Rejection):
        return met
    boat, wreck = met
    if boat.salvages and tx.now_ms < boat.busy_ms:
        return Rejection("busy", "the crew is at work already")
    tx.patch(actor.entity, salvages=int(command.wreck), busy_ms=tx.now_ms + int(SALVAGE_S * 1000))
    tx.emit("salvaging", {"boat": actor.entity, "wreck": command.wreck}, x=wreck.x, y=wreck.y)
    return None


def lease_of(command: Salvage) -> str:
    """A wreck is worked on by one boat at a time."""
    return f"wreck-{command.wreck}"


def is_at_work(look: Look, actor: Actor, command: Salvage) -> bool:
    """Whether the boat is still at the wreck that it works on."""
    boat, wreck = look(actor.entity), look(command.wreck)
    return (
        isinstance(boat, Boat)
        and isinstance(wreck, Wreck)
        and boat.salvages == command.wreck
        and is_within(boat.x, boat.y, wreck.x, wreck.y, SALVAGE_REACH)
    )


def give_up(tx: Transaction, actor: Actor, command: Salvage) -> None:
    """The work came to nothing: somebody else is at it, or the boat moved away."""
    boat = tx.get(actor.entity, Boat)
    if boat is not None and boat.salvages == command.wreck:
        tx.patch(actor.entity, salvages=0, busy_ms=0)
    tx.emit_to(actor.session, "gave_up", {"wreck": command.wreck})


@game.action(Salvage, seconds=SALVAGE_S, lease=lease_of, still=is_at_work, otherwise=give_up)
def bring_up(tx: Transaction, actor: Actor, command: Salvage) -> Rejection | None:
    """The work is done: the cargo comes on board."""
    met = reach(tx, actor, command.wreck, Wreck, SALVAGE_REACH, GONE)
    if isinstance(met, Rejection):
        return met
    boat, wreck = met
    if boat.salvages != command.wreck:
        return GONE
    tx.delete(command.wreck)
    stow(tx, actor.entity, boat, wreck.gold, wreck.oil, salvages=0, busy_ms=0)
    body = {"boat": actor.entity, "wreck": command.wreck, "gold": wreck.gold, "oil": wreck.oil}
    tx.emit("salvaged", body, x=wreck.x, y=wreck.y)
    return None
