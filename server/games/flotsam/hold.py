"""What a boat holds, and the board of those who hold most. Every rule that moves cargo does it here.

The board is kept by whoever gains or loses, not by a rule that looks at all boats: a look at all would be lost to
every stroke of an oar. So it may miss a boat that others fell behind, until that boat gains something.
Invariant: each score on the board is true.
"""

from __future__ import annotations

from typing import Any

from server.game import EntityId, Rejection, Transaction
from server.games.flotsam.motion import SIZE
from server.games.flotsam.world import LEADERS, Board, Boat, Crate, Offer, Score, Wreck

ADRIFT = Rejection("no_boat", "your boat is gone")
TOO_POOR = Rejection("too_poor", "you have not that much")


def stow(tx: Transaction, boat_id: EntityId, boat: Boat, gold: int = 0, oil: int = 0, **changes: Any) -> None:
    """Adds to a boat's hold (or takes from it), with other changes of the boat."""
    tx.patch(boat_id, gold=boat.gold + gold, oil=boat.oil + oil, **changes)
    if gold:
        post_score(tx, boat_id, boat.name, boat.gold + gold)


def scuttle(tx: Transaction, boat_id: EntityId, boat: Boat) -> None:
    """Takes a boat out of the bay; its cargo stays as a crate."""
    withdraw_offer(tx, boat)
    tx.delete(boat_id)
    post_score(tx, boat_id, boat.name, 0)
    if boat.gold or boat.oil:
        tx.create(Crate(boat.x, boat.y, boat.gold, boat.oil))


def sink(tx: Transaction, boat_id: EntityId, boat: Boat) -> None:
    """A boat goes down: its cargo lies in a wreck, its crew begins anew elsewhere."""
    withdraw_offer(tx, boat)
    if boat.gold or boat.oil:
        tx.create(Wreck(boat.x, boat.y, boat.gold, boat.oil, boat.name))
    x, y = tx.random.randrange(SIZE), tx.random.randrange(SIZE)
    tx.put(boat_id, Boat(x, y, boat.name, rested_ms=boat.rested_ms, rams_ms=boat.rams_ms, node=boat.node))
    post_score(tx, boat_id, boat.name, 0)


def withdraw_offer(tx: Transaction, boat: Boat) -> None:
    """Takes back what a boat offers, if it does."""
    if boat.offer and tx.get(EntityId(boat.offer), Offer) is not None:
        tx.delete(EntityId(boat.offer))


def post_score(tx: Transaction, boat_id: EntityId, name: str, gold: int) -> None:
    """Brings a boat's gold to the board, if it belongs there."""
    for board_id, board in tx.all_placeless(Board):
        scores: list[Score] = [score for score in board.scores if score[0] != boat_id]
        if gold:
            scores = sorted([*scores, (int(boat_id), name, gold)], key=lambda score: (-score[2], score[0]))[:LEADERS]
        if scores != board.scores:
            tx.put(board_id, Board(scores))
