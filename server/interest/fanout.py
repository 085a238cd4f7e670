"""Shows one replica to this node's clients, flush by flush.

Each flush encodes what changed as few times as there are different views (``flush.py``), and says which frames go to
whom; somebody else writes them. A client that cannot be written to gets nothing queued: it is noted how far back it
is, and when it takes something again it gets what changed since, as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec

from server.interest.changes import Secret, cell_changes, cell_content, content_digest
from server.interest.crowd import Crowd
from server.interest.departures import Departures
from server.interest.flush import Flush
from server.interest.viewer import Viewer
from server.wire.messages import CellChange
from shared_state.cell import CellId
from shared_state.position import Position
from shared_state.replica import Changes, Replica


@attrs.define(eq=False)
class FanoutCounts:
    """What was sent, and what was not."""

    flushes: int = 0
    frames: int = 0
    bytes: int = 0
    held_back: int = 0
    caught_up: int = 0
    events_dropped: int = 0


@attrs.define(eq=False)
class Fanout:
    """Shows one replica to its viewers.

    Args:
        replica: loaded.
        secret: kinds that are shown to nobody.
    """

    replica: Replica
    secret: Secret
    counts: FanoutCounts = attrs.field(factory=FanoutCounts)
    unfinished: bool = False
    """The last flush left something over: views are to be filled up soon, even if nothing happens."""
    departures: Departures = attrs.field(init=False)
    crowd: Crowd = attrs.field(init=False)
    _shown_at: Position = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.departures = Departures(self.secret, floor=self.replica.version)
        self.crowd = Crowd(self.replica)
        self._shown_at = self.replica.position

    def may_resume(self, position: Position) -> bool:
        """Whether a view of that position is one of this history; how far back it is, the flush looks at."""
        return position.epoch == self.replica.epoch and position.version <= self.replica.version

    def flush(
        self, viewers: Sequence[Viewer], changes: Changes, now_s: float, with_digests: bool
    ) -> list[tuple[Viewer, bytes]]:
        """What each viewer is to be written now, which brings it to the replica's version.

        Args:
            viewers: all of them; those that are left out can't follow later.
            changes: drained from the replica.
            now_s: time that only moves on, in seconds.
            with_digests: adds a content check of every cell in view.
        """
        if changes.loaded_at is not None:
            self.departures.start_over(changes.loaded_at)
            with_digests = True
        self.departures.record(changes.departures)
        self.crowd.renew(now_s)
        rows = cell_changes(self.replica, changes.entities, self.secret) if viewers else {}
        if with_digests:
            self._add_digests(viewers, rows)
        flush = Flush(self, rows, changes.events, self._shown_at, now_s)
        parcels = self._pack(flush, viewers)
        self._shown_at = self.replica.position
        self.unfinished = flush.unfinished
        return parcels

    def _pack(self, flush: Flush, viewers: Sequence[Viewer]) -> list[tuple[Viewer, bytes]]:
        parcels = []
        counts = self.counts
        counts.flushes += 1
        for viewer in viewers:
            if not viewer.can_take():
                flush.hold_back(viewer)
                continue
            frames = flush.frames_for(viewer)
            if frames:
                counts.frames += 1
                counts.bytes += len(frames)
                parcels.append((viewer, frames))
        return parcels

    def _add_digests(self, viewers: Sequence[Viewer], rows: dict[CellId, CellChange]) -> None:
        different = {viewer.view.shown for viewer in viewers}
        for cell in frozenset[CellId]().union(*different):
            digest = content_digest(cell_content(self.replica, cell, self.secret))
            rows[cell] = msgspec.structs.replace(rows.get(cell, CellChange(cell, [], [], [], [])), digest=digest)
