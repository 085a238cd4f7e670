"""A game of these tests: everybody stands within reach of every crate, so that many grab the same one at once."""

from __future__ import annotations

from collections.abc import Mapping

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction

CRATES = 25
GOLD = 3
game = Game("scramble", view_radius=100.0)


@game.kind
class Boat(Kind, frozen=True):
    """A player."""

    x: int
    y: int
    gold: int = 0


@game.kind
class Crate(Kind, frozen=True):
    """Worth ``GOLD``."""

    x: int
    y: int


@game.kind
class Start(Kind, frozen=True):
    """Exists once the crates were laid out."""

    crates: int


class Grab(Command, frozen=True):
    """Take a crate."""

    crate: EntityId


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """Everybody starts at one place."""
    return tx.create(Boat(50, 50))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """The boat stays, so that its gold can be counted."""


@game.rule(Grab, rate_hz=100, burst=100)
def grab(tx: Transaction, actor: Actor, command: Grab) -> Rejection | None:
    """The first one has it."""
    boat = tx.get(actor.entity, Boat)
    crate = tx.get(command.crate, Crate)
    if boat is None or crate is None:
        return Rejection("gone", "somebody was faster")
    tx.delete(command.crate)
    tx.patch(actor.entity, gold=boat.gold + GOLD)
    return None


@game.every(0.2)
def lay_out(tx: Transaction) -> Rejection | None:
    """Lays the crates out, once."""
    if tx.all_placeless(Start):
        return Rejection("done")
    for _ in range(CRATES):
        tx.create(Crate(50, 50))
    tx.create(Start(CRATES))
    return None


@game.invariant
def gold_conserved(entities: Mapping[EntityId, Kind]) -> str | None:
    """What was laid out is in boats and crates."""
    laid_out = sum(entity.crates * GOLD for entity in entities.values() if isinstance(entity, Start))
    held = sum(entity.gold for entity in entities.values() if isinstance(entity, Boat))
    held += sum(GOLD for entity in entities.values() if isinstance(entity, Crate))
    return None if laid_out == held else f"{laid_out} laid out, {held} held"
