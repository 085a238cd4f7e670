"""Random rules that get in each other's way: they read, scan, move, trade, add, create, delete and refuse.

A rule is a value, so that it can be run again by name. Boats are named by their place among the first ones; what is
created later is found by scanning, as players find it.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from hypothesis import strategies as st

from shared_state.entity import EntityId
from shared_state.outcome import Rejection
from shared_state.transaction import Transaction
from tests.unit.shared_state.small_world import Boat, Buoy, Note

BOATS = 4
SPOTS = (1.0, 5.0, 12.0, 25.0)

Refusal = Rejection | None


@attrs.frozen
class Errand:
    """One rule of the book with its arguments: two boats, a place, an amount."""

    name: str
    a: int
    b: int
    x: float
    amount: float

    def __call__(self, tx: Transaction, boats: Sequence[EntityId]) -> Refusal:
        """Runs it."""
        return BOOK[self.name](tx, self, boats[self.a], boats[self.b])


def _trade(tx: Transaction, it: Errand, giver: EntityId, taker: EntityId) -> Refusal:
    """Gold from one hold to another, if both are there and there is enough."""
    if giver == taker:
        return Rejection("self")
    value, other = tx.get(giver, Boat), tx.get(taker, Boat)
    if value is None or other is None:
        return Rejection("gone")
    if value.gold < it.amount:
        return Rejection("poor")
    tx.patch(giver, gold=value.gold - it.amount)
    tx.patch(taker, gold=other.gold + it.amount)
    return None


def _move(tx: Transaction, it: Errand, boat: EntityId, _other: EntityId) -> Refusal:
    """To a place where nobody lies."""
    if tx.get(boat, Boat) is None:
        return Rejection("gone")
    if any(found != boat for found, _ in tx.near(it.x, 0, 2, Boat)):
        return Rejection("taken")
    tx.patch(boat, x=it.x, y=0)
    return None


def _launch(tx: Transaction, it: Errand, _boat: EntityId, _other: EntityId) -> Refusal:
    """A new boat where there are fewer than two, with the gold of those near."""
    near = tx.near(it.x, 0, 8, Boat)
    if len(near) > 2:
        return Rejection("crowded")
    tx.create(Boat(sum(value.gold for _, value in near), it.x, tx.random.random(), f"of {len(near)}"))
    return None


def _sink(tx: Transaction, it: Errand, boat: EntityId, _other: EntityId) -> Refusal:
    """Deletes a poor boat, or the poorest near a place."""
    value = tx.get(boat, Boat)
    if value is None:
        near = sorted(tx.near(it.x, 0, 8, Boat), key=lambda row: (row[1].gold, row[0]))
        if not near:
            return Rejection("nobody")
        boat = near[0][0]
    elif value.gold > it.amount:
        return Rejection("rich")
    tx.delete(boat)
    tx.emit("sunk", {"boat": boat}, x=it.x)
    return None


def _gain(tx: Transaction, it: Errand, boat: EntityId, other: EntityId) -> Refusal:
    """Blind additions to two counters, clamped."""
    tx.add(boat, Boat, "gold", it.amount, 0, 40)
    tx.add(other, Boat, "gold", -it.amount, 0, 40)
    return None


def _gain_and_look(tx: Transaction, it: Errand, boat: EntityId, other: EntityId) -> Refusal:
    """Adds, then reads what it added to: an ordinary write."""
    if tx.get(boat, Boat) is None:
        return Rejection("gone")
    tx.add(boat, Boat, "gold", it.amount, 0, 40)
    seen = tx.get(boat, Boat)
    assert seen is not None
    tx.create(Note(f"saw {seen.gold}"))
    if tx.get(other, Boat) is not None:
        tx.patch(other, name=f"beside {seen.gold}")
    return None


def _count(tx: Transaction, it: Errand, _boat: EntityId, _other: EntityId) -> Refusal:
    """Writes down how many notes there are: a scan of everything placeless."""
    notes = tx.all_placeless(Note)
    if len(notes) > 3:
        tx.delete(notes[0][0])
    tx.create(Note(f"{len(notes)} before me"))
    return None


def _mark(tx: Transaction, it: Errand, boat: EntityId, _other: EntityId) -> Refusal:
    """A buoy beside the boat, gone again at once if the boat is far; a change that is given up halfway."""
    value = tx.get(boat, Boat)
    buoy = tx.create(Buoy(0, it.x, 3))
    tx.add(buoy, Buoy, "hits", it.amount, 0, 9)
    if value is None:
        tx.abandon()
        return Rejection("gone")
    if abs(value.x - it.x) > 15:
        tx.delete(buoy)
    tx.patch(boat, name="marked")
    return None


BOOK = {
    rule.__name__: rule for rule in (_trade, _move, _launch, _sink, _gain, _gain_and_look, _count, _mark)
}  # fmt: skip


def errands() -> st.SearchStrategy[Errand]:
    """Any rule with any arguments; few boats, places and amounts, so that they meet."""
    boat = st.integers(0, BOATS - 1)
    return st.builds(
        Errand, st.sampled_from(sorted(BOOK)), boat, boat, st.sampled_from(SPOTS), st.sampled_from((1.0, 5.0))
    )
