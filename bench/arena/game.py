"""The arena as a game of Oarlock: players who all move, and coins that the first to grab gets.

``together`` is one grid cell, so everybody sees everybody; ``spread`` puts the players on a grid of 5 x 5 cells, each
seeing its own cell and those around it. A player's name is its number in the load, which says where it starts.
Every move goes one to the right: ``x`` less the start is the number of moves that took effect.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction

COINS = 50
START = 1000
CELL = 2000
GRID = 5

Step = Annotated[int, msgspec.Meta(ge=-5, le=5)]


class Player(Kind, frozen=True):
    """Somebody who moves and grabs."""

    x: int
    y: int
    score: int = 0


class Coin(Kind, frozen=True):
    """What the first to grab it gets; then it is somewhere else."""

    x: int
    y: int


class Mint(Kind, frozen=True):
    """Tells that the coins have been made."""

    coins: int


class Move(Command, frozen=True):
    """One step."""

    dx: Step
    dy: Step


class Grab(Command, frozen=True):
    """Take a coin that was seen at ``x``."""

    coin: EntityId
    x: int


GONE = Rejection("gone", "the player is not there")
TAKEN = Rejection("taken", "somebody was first")


def arena(name: str, grid: int) -> Game:
    """The game on ``grid`` x ``grid`` cells."""
    side = CELL * grid
    bounds, radius = (0.0, 0.0, float(side), float(side)), float(CELL)
    game = Game(name, cell_size=radius, bounds=bounds, view_radius=radius, max_view_radius=radius)
    game.kind(Player)
    game.kind(Coin)
    game.secret_kind(Mint)

    @game.on_enter
    def enter(tx: Transaction, name: str) -> EntityId:
        if not tx.all_placeless(Mint):
            tx.create(Mint(COINS))
            for _ in range(COINS):
                tx.create(Coin(tx.random.randrange(side), tx.random.randrange(side)))
        row, column = divmod(int(name) % (grid * grid), grid)
        return tx.create(Player(START + CELL * column, START + CELL * row))

    @game.on_leave
    def leave(tx: Transaction, actor: Actor) -> None:
        if tx.exists(actor.entity):
            tx.delete(actor.entity)

    @game.rule(Move)
    def move(tx: Transaction, actor: Actor, command: Move) -> Rejection | None:
        player = tx.get(actor.entity, Player)
        if player is None:
            return GONE
        tx.patch(actor.entity, x=player.x + command.dx, y=player.y + command.dy)
        return None

    @game.rule(Grab)
    def grab(tx: Transaction, actor: Actor, command: Grab) -> Rejection | None:
        player, coin = tx.get(actor.entity, Player), tx.get(command.coin, Coin)
        if player is None or coin is None:
            return GONE
        if coin.x != command.x:
            return TAKEN
        tx.patch(command.coin, x=tx.random.randrange(side), y=tx.random.randrange(side))
        tx.patch(actor.entity, score=player.score + 1)
        return None

    return game


together = arena("arena", 1)
spread = arena("arena", GRID)
