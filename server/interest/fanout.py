"""One flush: turns what changed into as few encodings as there are different views, and hands out the frames.

Rows of a cell are encoded once per encoding; a whole frame is made once per (encoding, set of cells) and written to
every client that looks at just those cells. What is this client's alone (cells that came into view, answers) follows
in the same write. A client that cannot be written to gets nothing queued: when it can again, it gets its whole view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import attrs
import msgspec

from server.interest.changes import Secret, cell_changes, cell_content, content_digest
from server.interest.sight import Sight
from server.wire.codec import Codec
from server.wire.messages import Ack, CellChange, Done, EventRow, Reset
from shared_state.cell import NOWHERE, CellId
from shared_state.delta import EventOut
from shared_state.names import SessionId
from shared_state.replica import Changes, Replica


class Viewer(Protocol):
    """A client as the fan-out sees it."""

    codec: Codec
    shown: Sight
    """The cells that the client holds; empty: nothing."""
    acks: list[Ack]
    reset_reason: str
    """Not empty: forget everything and start with a reset."""

    @property
    def session_id(self) -> SessionId:
        """Whose events it gets besides those that all get."""

    def sight(self) -> Sight:
        """The cells that it should see now."""

    def frame(self, payload: bytes) -> bytes:
        """A payload as a WebSocket frame of its encoding."""

    def can_take(self) -> bool:
        """Whether its socket took all that was written so far."""

    def write(self, frames: bytes) -> None:
        """Writes whole frames without blocking."""


@attrs.define(eq=False)
class FanoutCounts:
    """What was sent."""

    flushes: int = 0
    frames: int = 0
    bytes: int = 0
    held_back: int = 0


@attrs.define(eq=False)
class Fanout:
    """Shows one replica to its viewers."""

    replica: Replica
    secret: Secret
    counts: FanoutCounts = attrs.field(factory=FanoutCounts)

    def flush(self, viewers: Iterable[Viewer], changes: Changes, with_digests: bool) -> None:
        """Brings every viewer that can take it to the replica's version."""
        rows = cell_changes(self.replica, changes.entities, self.secret)
        if with_digests:
            self._add_digests(viewers, rows)
        flush = _Flush(self.replica, self.secret, rows, changes.events)
        self.counts.flushes += 1
        for viewer in viewers:
            if not viewer.can_take():
                viewer.reset_reason = viewer.reset_reason or "slow"
                self.counts.held_back += 1
                continue
            frames = flush.frames_for(viewer)
            if frames:
                self.counts.frames += 1
                self.counts.bytes += len(frames)
                viewer.write(frames)

    def _add_digests(self, viewers: Iterable[Viewer], rows: dict[CellId, CellChange]) -> None:
        for cell in frozenset().union(*(viewer.shown for viewer in viewers)):
            digest = content_digest(cell_content(self.replica, cell, self.secret))
            rows[cell] = msgspec.structs.replace(rows.get(cell, CellChange(cell, [], [], [], [])), digest=digest)


class _Flush:
    """The encodings of one flush, each made when first needed."""

    def __init__(
        self, replica: Replica, secret: Secret, rows: dict[CellId, CellChange], events: list[EventOut]
    ) -> None:
        self.replica = replica
        self.secret = secret
        self.rows = rows
        self.events = events
        self._personal: dict[str, list[EventOut]] = {}
        for event in events:
            if event.session:
                self._personal.setdefault(event.session, []).append(event)
        self._changes: dict[tuple[Codec, CellId], bytes] = {}
        self._contents: dict[tuple[Codec, CellId], bytes] = {}
        self._frames: dict[tuple[Codec, Sight], bytes] = {}

    def frames_for(self, viewer: Viewer) -> bytes:
        """All that this viewer is to get, in order: changes, cells, events, answers."""
        sight = viewer.sight()
        head = b""
        if viewer.reset_reason:
            head = self._start_over(viewer)
        shown = viewer.shown
        if shown is sight or shown == sight:
            body = self._shared(viewer, sight)
        else:
            body = self._shared(viewer, shown & sight) + self._entering(viewer, sight - shown, shown - sight)
            viewer.shown = sight
        own = self._own_events(viewer)
        if viewer.acks:
            body = body or viewer.frame(viewer.codec.join_delta(self.replica.version, []))
            own += viewer.frame(viewer.codec.encode(Done(viewer.acks)))
            viewer.acks = []
        return head + body + own if head or own else body

    def _start_over(self, viewer: Viewer) -> bytes:
        reset = Reset(self.replica.epoch, self.replica.version, viewer.reset_reason)
        viewer.shown = frozenset()
        viewer.reset_reason = ""
        return viewer.frame(viewer.codec.encode(reset))

    def _shared(self, viewer: Viewer, sight: Sight) -> bytes:
        """The frame for all who look at just these cells; empty when nothing happened in them."""
        key = (viewer.codec, sight)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._make_shared(viewer, sight)
        return frame

    def _make_shared(self, viewer: Viewer, sight: Sight) -> bytes:
        codec, version = viewer.codec, self.replica.version
        frame = b""
        cells = [self._change(codec, cell) for cell in self.rows if cell in sight]
        events = [
            codec.encode_value(EventRow(event.name, event.cell, event.body))
            for event in self.events
            if not event.session and (event.cell == NOWHERE or event.cell in sight)
        ]
        # An event brings its version too, even if nothing changed: an acknowledgement of it may follow.
        if cells or events:
            frame = viewer.frame(codec.join_delta(version, cells))
        if events:
            frame += viewer.frame(codec.join_events(version, events))
        return frame

    def _entering(self, viewer: Viewer, entered: Sight, left: Sight) -> bytes:
        codec = viewer.codec
        contents = [self._content(codec, cell) for cell in entered]
        return viewer.frame(codec.join_cells(self.replica.version, contents, list(left)))

    def _own_events(self, viewer: Viewer) -> bytes:
        own = self._personal.get(viewer.session_id)
        if own is None:
            return b""
        rows = [viewer.codec.encode_value(EventRow(event.name, event.cell, event.body)) for event in own]
        return viewer.frame(viewer.codec.join_events(self.replica.version, rows))

    def _change(self, codec: Codec, cell: CellId) -> bytes:
        return _made_once(self._changes, (codec, cell), lambda: codec.encode_value(self.rows[cell]))

    def _content(self, codec: Codec, cell: CellId) -> bytes:
        return _made_once(
            self._contents,
            (codec, cell),
            lambda: codec.encode_value(cell_content(self.replica, cell, self.secret)),
        )


def _made_once(made: dict[tuple[Codec, CellId], bytes], key: tuple[Codec, CellId], make: Callable[[], bytes]) -> bytes:
    value = made.get(key)
    if value is None:
        value = made[key] = make()
    return value
