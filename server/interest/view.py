"""What one client holds of the world, as far as the node knows, and what it is still to be told. A value with a memory.

Invariant: nothing in here grows without bound, however long a client does not read: cells and a version stand for all
the state that it missed, and of events only the newest are kept.
"""

from __future__ import annotations

import attrs

from server.interest.allowance import Allowance
from server.interest.sight import Sight
from server.wire.messages import Ack
from shared_state.delta import EventOut

MAX_MISSED_EVENTS = 64


@attrs.define(eq=False)
class View:
    """One client's view.

    ``shown`` are the cells that it holds; empty: nothing. ``behind`` is the version that it holds them at, None if that
    is the last flush's. ``reset_reason``, when not empty: it has to forget everything and start over. ``acks``:
    answers to come after the state that they speak of; the session bounds them. ``missed``: events that found its
    socket full, the oldest dropped first.
    """

    shown: Sight = frozenset()
    behind: int | None = None
    reset_reason: str = ""
    acks: list[Ack] = attrs.field(factory=list)
    # A list, since a deque takes 0.6 KB even when it is empty, and there is one for each client.
    missed: list[EventOut] = attrs.field(factory=list)
    allowance: Allowance = attrs.field(factory=Allowance)

    def miss(self, event: EventOut) -> bool:
        """Keeps an event until it can be told. Returns: whether another was dropped for it."""
        self.missed.append(event)
        is_full = len(self.missed) > MAX_MISSED_EVENTS
        if is_full:
            del self.missed[0]
        return is_full

    def resume(self, cells: Sight, version: int) -> None:
        """The client still holds these cells, at that version."""
        self.shown, self.behind = cells, version

    def start_over(self) -> None:
        """The client is told to forget everything."""
        self.shown, self.behind, self.reset_reason = frozenset(), None, ""
