"""The storm: it wanders over the bay, takes boats and crates along and wears hulls down. Run by the leader only."""

from __future__ import annotations

from server.game import EntityId, Transaction
from server.games.flotsam.motion import SIZE, step
from server.games.flotsam.world import Boat, Crate, Ledger, Storm, game

RADIUS = 320
DRIFT = 30
TAKEN_ALONG = 16
"""Most boats, and most crates, that it moves at a time: what it does must fit into one small commit."""
SCATTER = 25
WEAR = 2


@game.every(1.0)
def blow(tx: Transaction) -> None:
    """Moves the storm, and what it meets with it."""
    for _, ledger in tx.all_placeless(Ledger):
        storm = tx.get(EntityId(ledger.storm), Storm)
        if storm is not None:
            _wander(tx, EntityId(ledger.storm), storm)
            _push_boats(tx, storm)
            _scatter_crates(tx, storm)


def brew(tx: Transaction) -> int:
    """A storm for a new bay. Returns: its id."""
    return int(tx.create(Storm(SIZE // 4, SIZE // 4, RADIUS, DRIFT, DRIFT // 2)))


def _wander(tx: Transaction, storm_id: EntityId, storm: Storm) -> None:
    """On and on; at the shore, or just so, it turns."""
    x, y = step(storm.x, storm.y, storm.dx, storm.dy)
    dx, dy = storm.dx, storm.dy
    if not (0 < x < SIZE - 1 and 0 < y < SIZE - 1) or tx.random.random() < 0.05:
        dx = _inland(x, tx.random.randint(-DRIFT, DRIFT))
        dy = _inland(y, tx.random.randint(-DRIFT, DRIFT))
    tx.put(storm_id, Storm(x, y, storm.radius, dx, dy))


def _inland(place: int, drift: int) -> int:
    if place == 0:
        return abs(drift)
    return -abs(drift) if place == SIZE - 1 else drift


def _push_boats(tx: Transaction, storm: Storm) -> None:
    for boat_id, boat in tx.near(storm.x, storm.y, storm.radius, Boat)[:TAKEN_ALONG]:
        x, y = step(boat.x, boat.y, storm.dx, storm.dy)
        tx.patch(boat_id, x=x, y=y, hull=max(boat.hull - WEAR, 1))


def _scatter_crates(tx: Transaction, storm: Storm) -> None:
    for crate_id, crate in tx.near(storm.x, storm.y, storm.radius, Crate)[:TAKEN_ALONG]:
        dx, dy = tx.random.randint(-SCATTER, SCATTER), tx.random.randint(-SCATTER, SCATTER)
        x, y = step(crate.x, crate.y, storm.dx + dx, storm.dy + dy)
        tx.patch(crate_id, x=x, y=y)
