"""A game for tests of the SDK, which knows no game: boats that row, and buoys that never rest, in one small cove."""

from __future__ import annotations

from server.game import Actor, Command, EntityId, Game, Kind, Transaction

SIZE = 4000
BUOYS = 10
REACH = 800.0

game = Game(name="cove", cell_size=1000.0, bounds=(0.0, 0.0, float(SIZE), float(SIZE)), view_radius=1200.0)


@game.kind
class Boat(Kind, frozen=True):
    """A player's boat."""

    x: int
    y: int
    name: str


@game.kind
class Buoy(Kind, frozen=True):
    """Goes round, so that there is always something to tell."""

    x: int
    y: int


class Row(Command, frozen=True):
    """One stroke."""

    dx: int
    dy: int


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """A boat in the middle."""
    return tx.create(Boat(SIZE // 2, SIZE // 2, name))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """The boat goes."""
    tx.delete(actor.entity)


@game.rule(Row, rate_hz=50, burst=100)
def row(tx: Transaction, actor: Actor, command: Row) -> None:
    """Moves the boat."""
    boat = tx.get(actor.entity, Boat)
    if boat is not None:
        tx.patch(actor.entity, x=boat.x + command.dx, y=boat.y + command.dy)


@game.every(0.1)
def drift(tx: Transaction) -> None:
    """Moves every buoy a little; the first time, puts them out."""
    buoys = tx.near(SIZE / 2, SIZE / 2, REACH, Buoy)
    for buoy_id, buoy in buoys:
        tx.patch(buoy_id, x=1500 + (buoy.x - 1490) % 1000)
    for number in range(BUOYS if not buoys else 0):
        tx.create(Buoy(1500 + 97 * number, 1800))
