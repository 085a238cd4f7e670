"""The smallest game for measuring: everybody has a bell, and all hear all. Nothing moves by itself."""

from __future__ import annotations

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction

game = Game(name="belfry")


@game.kind
class Bell(Kind, frozen=True):
    """A player's, and how often it rang."""

    rung: int


class Ring(Command, frozen=True):
    """Once."""


@game.on_enter
def enter(tx: Transaction, _name: str) -> EntityId:
    """A bell for everybody."""
    return tx.create(Bell(0))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """Takes it along."""
    tx.delete(actor.entity)


@game.rule(Ring)
def ring(tx: Transaction, actor: Actor, _command: Ring) -> Rejection | None:
    """Counts."""
    bell = tx.get(actor.entity, Bell)
    if bell is None:
        return Rejection("gone", "the bell is not there")
    tx.patch(actor.entity, rung=bell.rung + 1)
    return None
