"""What worlds a game has: kinds of them, each with its limit and its life. A value only."""

from __future__ import annotations

import attrs

MOST_SEATS = 10_000


@attrs.frozen
class WorldKind:
    """Worlds among which a player who joins by kind may be put.

    Args:
        name: of the kind; 1 to 64 characters of a-z 0-9 . _ -
        seats: most players in one of them, over all nodes.
        persistent: kept however long it is empty.
        empty_ttl_s: how long another one is kept with nobody in it.
    """

    name: str
    seats: int = MOST_SEATS
    persistent: bool = False
    empty_ttl_s: float = 300.0
