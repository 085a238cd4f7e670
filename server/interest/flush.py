"""One flush: the frames of every viewer, made of encodings that are shared by all who see the same.

Rows of a cell are encoded once per encoding; a whole frame is made once per (encoding, set of cells) and written to
every client that looks at just those cells and is up to date. What is one client's alone (cells that came into view, a
catch-up, answers) follows in the same write. A catch-up is an ordinary ``delta`` that spans more versions.
Invariant: after its frames a viewer holds just ``view.shown``, as the replica has it at its version.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from server.interest.changes import cell_content, content_digest, is_empty, late_changes
from server.interest.sight import Sight, nearest_first
from server.interest.view import View
from server.interest.viewer import Viewer
from server.wire.codec import Codec
from server.wire.messages import CellChange, CellContent, Done, EventRow, Reset
from shared_state.cell import NOWHERE, CellId
from shared_state.delta import EventOut
from shared_state.position import Position

if TYPE_CHECKING:
    from server.interest.fanout import Fanout

ROWS_PER_FLUSH = 20_000
"""Rows that may come into view in one flush, all viewers together; the rest waits for the next."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flush:
    """The encodings of one flush, each made when first needed."""

    def __init__(
        self,
        fanout: Fanout,
        rows: dict[CellId, CellChange],
        events: list[EventOut],
        shown_at: Position,
        now_s: float,
    ) -> None:
        self.unfinished = False
        self._fanout = fanout
        self._replica = fanout.replica
        self._rows = rows
        self._events = events
        self._shown_at = shown_at
        self._is_new_history = shown_at.epoch != fanout.replica.epoch
        self._now_s = now_s
        self._rows_left = ROWS_PER_FLUSH
        self._personal: dict[str, list[EventOut]] = {}
        for event in events:
            if event.session:
                self._personal.setdefault(event.session, []).append(event)
        self._changes: dict[tuple[Codec, CellId], bytes] = {}
        self._contents: dict[tuple[Codec, CellId], bytes] = {}
        self._late: dict[tuple[Codec, CellId, int], bytes] = {}
        self._late_frames: dict[tuple[Codec, Sight, int], bytes] = {}
        self._digests: dict[CellId, int] = {}
        self._heard: dict[Sight, list[EventOut]] = {}
        self._states: dict[tuple[Codec, Sight], bytes] = {}
        self._frames: dict[tuple[Codec, Sight], bytes] = {}

    def hold_back(self, viewer: Viewer) -> None:
        """Notes what a viewer misses that cannot be written to."""
        view, counts = viewer.view, self._fanout.counts
        counts.held_back += 1
        if self._is_new_history:
            view.reset_reason = view.reset_reason or "epoch"
        elif view.behind is None:
            view.behind = self._shown_at.version
        for event in (*self._heard_in(view.shown), *self._personal.get(viewer.session_id, ())):
            counts.events_dropped += view.miss(event)

    def frames_for(self, viewer: Viewer) -> bytes:
        """All that a viewer is to get, in order: changes, cells, events, answers."""
        view = viewer.view
        sight = self._fanout.crowd.trim(viewer.sight(), viewer.centre)
        head = self._head(viewer) if self._is_new_history or view.behind is not None or view.reset_reason else b""
        if view.behind is None and not view.missed and (view.shown is sight or view.shown == sight):
            view.shown = sight
            body = self._shared(viewer, sight)
        else:
            body = self._made_to_measure(viewer, sight)
        own = self._personal.get(viewer.session_id)
        if own or view.acks:
            # What is told of a version comes after the version itself, even if nothing in view changed.
            body = body or self._delta_frame(viewer, [])
        if own:
            body += self._events_frame(viewer, own)
        if view.acks:
            body += viewer.frame(viewer.codec.encode(Done(view.acks)))
            view.acks = []
        return head + body if head else body

    def _head(self, viewer: Viewer) -> bytes:
        """The reset that a view needs, if it cannot simply go on."""
        view, replica = viewer.view, self._replica
        reason = self._why_over(view)
        if reason:
            view.start_over()
        elif not self._is_new_history:
            return b""
        reset = Reset(replica.epoch, replica.version, reason or "epoch", keep=not reason)
        return viewer.frame(viewer.codec.encode(reset))

    def _why_over(self, view: View) -> str:
        """Why a view cannot be brought up to date; empty when it can."""
        if view.reset_reason or view.behind is None:
            return view.reset_reason
        if self._is_new_history:
            return "epoch"
        return "behind" if view.behind < self._fanout.departures.floor else ""

    # ---- what all get who see the same ---------------------------------------------------------------------------

    def _shared(self, viewer: Viewer, sight: Sight) -> bytes:
        """The frame for all who look at just these cells and are up to date; empty when nothing happened in them."""
        key = (viewer.codec, sight)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._state(viewer, sight)
            events = self._heard_in(sight)
            if events:
                # An event brings its version too, even if nothing changed: an acknowledgement of it may follow.
                frame = (frame or self._delta_frame(viewer, [])) + self._events_frame(viewer, events)
            self._frames[key] = frame
        return frame

    def _state(self, viewer: Viewer, cells: Sight) -> bytes:
        return _made_once(self._states, (viewer.codec, cells), lambda: self._make_state(viewer, cells))

    def _make_state(self, viewer: Viewer, cells: Sight) -> bytes:
        # Whatever is smaller is walked through: few cells change in a calm world, few are seen in a busy one.
        both = [cell for cell in self._rows if cell in cells]
        return self._delta_frame(viewer, [self._change(viewer.codec, cell) for cell in both]) if both else b""

    def _heard_in(self, cells: Sight) -> list[EventOut]:
        return _made_once(self._heard, cells, lambda: [event for event in self._events if _is_heard(event, cells)])

    # ---- what is one viewer's alone ------------------------------------------------------------------------------

    def _made_to_measure(self, viewer: Viewer, sight: Sight) -> bytes:
        """The frames for one whose cells change, or who missed something."""
        view = viewer.view
        kept, left = view.shown & sight, view.shown - sight
        body = self._state(viewer, kept) if view.behind is None else self._caught_up(viewer, kept, view.behind)
        entered = self._admitted(viewer, sight, kept)
        if entered or left:
            contents = [self._content(viewer.codec, cell) for cell in entered]
            body += viewer.frame(viewer.codec.join_cells(self._replica.version, contents, list(left)))
        view.behind, view.shown = None, kept.union(entered)
        events = [*view.missed, *self._heard_in(view.shown)]
        view.missed.clear()
        if events:
            body = (body or self._delta_frame(viewer, [])) + self._events_frame(viewer, events)
        return body

    def _admitted(self, viewer: Viewer, sight: Sight, kept: Sight) -> list[CellId]:
        """The cells that may come into view in this flush: nearest first, as far as rows are left; the own one always.

        The rest is left to later flushes.
        """
        allowance, admitted = viewer.view.allowance, []
        allowance.refill(self._now_s)
        for cell in nearest_first(sight, viewer.centre):
            if cell in kept:
                continue
            if cell != viewer.here and not (allowance.is_left and self._rows_left > 0):
                self.unfinished = True
                continue
            rows = 1 + len(self._replica.cells.get(cell, ()))
            allowance.pay(rows)
            self._rows_left -= rows
            admitted.append(cell)
        return admitted

    def _caught_up(self, viewer: Viewer, cells: Sight, since: int) -> bytes:
        self._fanout.counts.caught_up += 1
        key = (viewer.codec, cells, since)
        return _made_once(self._late_frames, key, lambda: self._make_caught_up(viewer, cells, since))

    def _make_caught_up(self, viewer: Viewer, cells: Sight, since: int) -> bytes:
        rows = [row for cell in cells if (row := self._late_row(viewer.codec, cell, since))]
        return self._delta_frame(viewer, rows) if rows else b""

    def _late_row(self, codec: Codec, cell: CellId, since: int) -> bytes:
        return _made_once(self._late, (codec, cell, since), lambda: self._make_late_row(codec, cell, since))

    def _make_late_row(self, codec: Codec, cell: CellId, since: int) -> bytes:
        departed = self._fanout.departures.since(cell, since)
        change = late_changes(self._replica, cell, departed, since, self._fanout.secret)
        if is_empty(change):
            return b""
        digest = _made_once(self._digests, cell, lambda: content_digest(self._cell(cell)))
        return codec.encode_value(msgspec.structs.replace(change, digest=digest))

    # ---- encodings -----------------------------------------------------------------------------------------------

    def _delta_frame(self, viewer: Viewer, rows: list[bytes]) -> bytes:
        return viewer.frame(viewer.codec.join_delta(self._replica.version, rows))

    def _events_frame(self, viewer: Viewer, events: Iterable[EventOut]) -> bytes:
        codec = viewer.codec
        rows = [codec.encode_value(EventRow(event.name, event.cell, event.body)) for event in events]
        return viewer.frame(codec.join_events(self._replica.version, rows))

    def _change(self, codec: Codec, cell: CellId) -> bytes:
        return _made_once(self._changes, (codec, cell), lambda: codec.encode_value(self._rows[cell]))

    def _content(self, codec: Codec, cell: CellId) -> bytes:
        return _made_once(self._contents, (codec, cell), lambda: codec.encode_value(self._cell(cell)))

    def _cell(self, cell: CellId) -> CellContent:
        return cell_content(self._replica, cell, self._fanout.secret)


def _is_heard(event: EventOut, cells: Sight) -> bool:
    return not event.session and (event.cell == NOWHERE or event.cell in cells)


def _made_once(made: dict[K, V], key: K, make: Callable[[], V]) -> V:
    value = made.get(key)
    if value is None:
        value = made[key] = make()
    return value
