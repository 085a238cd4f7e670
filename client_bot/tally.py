"""Counts of what became of a client's commands and connections.

Plain sums that can be added up over a swarm. Invariant: ``sent`` is the sum of acknowledged, rejected, busy, unresolved
and what is still pending; what is pending at the very end is ``lost``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs


@attrs.define(eq=False)
class Tally:
    """Counters of one client, or of many.

    ``doubled``: answers to commands that were not waiting for one. ``stale_acks``: commits acknowledged before the
    view had reached them. ``unresolved``: waiting when their session ended with its connection, so their fate is
    unknown. ``resyncs``: resets by the node. ``took_effect``: commits by command. ``heard``: events by name.
    """

    sent: int = 0
    acknowledged: int = 0
    rejected: int = 0
    busy: int = 0
    doubled: int = 0
    lost: int = 0
    unresolved: int = 0
    stale_acks: int = 0
    resyncs: int = 0
    events: int = 0
    blamed: int = 0
    connections: int = 0
    failed_connections: int = 0
    rejections: Counter[str] = attrs.Factory(Counter)
    took_effect: Counter[str] = attrs.Factory(Counter)
    heard: Counter[str] = attrs.Factory(Counter)

    def answer(self, command: str, code: str) -> None:
        """Counts one answer to a command by its code; the empty code is a commit."""
        if not code:
            self.acknowledged += 1
            self.took_effect[command] += 1
        elif code == "busy":
            self.busy += 1
        else:
            self.rejected += 1
            self.rejections[code] += 1


def total(tallies: Iterable[Tally]) -> Tally:
    """The sums over many clients."""
    sums = Tally()
    for tally in tallies:
        for field in attrs.fields(Tally):
            setattr(sums, field.name, getattr(sums, field.name) + getattr(tally, field.name))
    return sums
