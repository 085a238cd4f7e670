"""How most commands begin: a crew reaches out from its boat for something near it."""

from __future__ import annotations

from typing import TypeVar

from server.game import Actor, EntityId, Rejection, Transaction
from server.games.flotsam.hold import ADRIFT
from server.games.flotsam.motion import is_within
from server.games.flotsam.world import Boat, Lighthouse, Wreck

T = TypeVar("T", Boat, Lighthouse, Wreck)

NO_BOAT = Rejection("gone", "there is no such boat")
TOO_FAR = Rejection("too_far", "out of reach")


def reach(
    tx: Transaction,
    actor: Actor,
    target: EntityId,
    kind: type[T],
    within: int,
    gone: Rejection,
    *,
    too_far: Rejection = TOO_FAR,
) -> tuple[Boat, T] | Rejection:
    """The crew's boat and what it reaches for; or why it cannot.

    Args:
        within: how far it may be, in world units.
        gone: the refusal if there is no such thing, or it is the boat itself.
        too_far: the refusal if it is farther.
    """
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return ADRIFT
    found = tx.get(target, kind)
    if found is None or target == actor.entity:
        return gone
    return (boat, found) if is_within(boat.x, boat.y, found.x, found.y, within) else too_far
