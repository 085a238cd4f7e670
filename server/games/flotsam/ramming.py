"""Ramming: two boats in one transaction; cargo changes hands, and who takes too much of it sinks."""

from __future__ import annotations

from server.game import Actor, Command, EntityId, Rejection, Transaction
from server.games.flotsam.hold import ADRIFT, sink, stow
from server.games.flotsam.motion import is_ahead, is_within
from server.games.flotsam.reach import NO_BOAT, TOO_FAR
from server.games.flotsam.world import Boat, game

RAM_REACH = 70
RAM_DAMAGE = 34
RAM_EVERY_MS = 4000
WAY_MS = 500
"""How long after its crew has rested a boat still has way on."""
WAY_STROKE = 20
"""The shortest last stroke that gives a boat enough way to ram."""
SHARE = 4
"""One part in so many of the other's cargo comes over."""


class Ram(Command, frozen=True):
    """Run into another boat."""

    boat: EntityId


@game.rule(Ram, rate_hz=4, burst=8)
def ram(tx: Transaction, actor: Actor, command: Ram) -> Rejection | None:
    """Takes a share of the other's cargo and breaks planks of its hull; with the last of them it sinks."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    other = tx.get(command.boat, Boat)
    if other is None or command.boat == actor.entity:
        return NO_BOAT
    refusal = _too_weak(boat, other, tx.now_ms)
    if refusal is not None:
        return refusal
    gold, oil = -(-other.gold // SHARE), -(-other.oil // SHARE)
    stow(tx, actor.entity, boat, gold, oil, rams_ms=tx.now_ms + RAM_EVERY_MS)
    stow(tx, command.boat, other, -gold, -oil, hull=max(other.hull - RAM_DAMAGE, 0))
    hit = tx.get(command.boat, Boat)
    is_sunk = hit is not None and hit.hull == 0
    if hit is not None and is_sunk:
        sink(tx, command.boat, hit)
    body = {"by": actor.entity, "boat": command.boat, "gold": gold, "oil": oil, "sunk": is_sunk}
    tx.emit("rammed", body, x=other.x, y=other.y)
    return None


def _too_weak(boat: Boat, other: Boat, now_ms: int) -> Rejection | None:
    if now_ms < boat.rams_ms:
        return Rejection("too_soon", "the crew has to get its breath back")
    if not is_within(boat.x, boat.y, other.x, other.y, RAM_REACH):
        return TOO_FAR
    if now_ms > boat.rested_ms + WAY_MS or boat.dx**2 + boat.dy**2 < WAY_STROKE**2:
        return Rejection("too_slow", "the boat has no way on")
    if not is_ahead(boat.x, boat.y, boat.dx, boat.dy, other.x, other.y):
        return Rejection("astern", "turn the bow to it first")
    return None
