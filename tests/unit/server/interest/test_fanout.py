"""One flush: who gets what, in which order, and how often it is encoded."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from server.interest.allowance import Allowance
from server.interest.fanout import Fanout
from server.interest.view import MAX_MISSED_EVENTS
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK, Codec, MsgpackCodec
from shared_state.cell import NOWHERE, CellId, cell_at
from shared_state.delta import EventOut
from shared_state.names import SessionId
from shared_state.position import Head
from shared_state.replica import Replica
from shared_state.store import Snapshot
from tests.unit.server.harbour import SECRET_TEXT, Boat, Flag, Map
from tests.unit.server.interest.sea import SECRET, Spy, commit, flush, new_replica, visible

HERE = cell_at(10, 10, 100)


class CountingCodec(MsgpackCodec):
    """The real codec, which counts the rows and frames that it encodes."""

    def __init__(self) -> None:
        self.encoded: list[Any] = []
        super().__init__()
        encode = self.encode_value
        self.encode_value = lambda value: self.encoded.append(value) or encode(value)  # type: ignore[func-returns-value]

    def rows(self, kind: type) -> int:
        """How many rows of a kind were encoded."""
        return sum(isinstance(value, kind) for value in self.encoded)


@attrs.define(eq=False)
class Scene:
    """A world, its fan-out, and viewers that have their first view."""

    replica: Replica
    fanout: Fanout
    viewers: list[Spy]

    def flush(self, digests: bool = False) -> None:
        """Shows what happened."""
        flush(self.fanout, *self.viewers, digests=digests)

    def news(self) -> list[list[str]]:
        """The types of messages that each viewer got since the last call."""
        return [[type(message).__name__ for message in viewer.news()] for viewer in self.viewers]


def scene(*codecs: Codec, boats: int = 1) -> Scene:
    """Viewers on boat 1 to n, in turn, of a world of boats at 10, 10."""
    replica = new_replica()
    commit(replica, {id_: Boat(10, 10, f"boat {id_}") for id_ in range(1, boats + 1)})
    viewers = [Spy(replica, codec, SessionId(f"s{i}"), boat=1 + i % boats) for i, codec in enumerate(codecs)]
    made = Scene(replica, Fanout(replica, SECRET), viewers)
    made.flush()
    made.news()
    return made


def test_the_first_view_is_whole() -> None:
    """A new viewer gets all cells that it sees, empty ones too, and holds just that."""
    replica = new_replica()
    commit(replica, {1: Boat(10, 10, "a"), 2: Boat(120, 10, "b"), 3: Boat(900, 900, "far"), 4: Flag("f")})
    viewer = Spy(replica, JSON, boat=1)
    flush(Fanout(replica, SECRET), viewer)
    assert [type(message) for message in viewer.news()] == [wire.Cells]
    assert viewer.held() == visible(replica, viewer.sight())
    assert {id_ for cell in viewer.held().values() for id_ in cell} == {1, 2, 4}


def test_who_sees_the_same_gets_the_same_bytes() -> None:
    """Rows are encoded once per encoding, frames made once per encoding and view, for any number of viewers."""
    codec = CountingCodec()
    stage = scene(*[codec] * 50, *[JSON] * 50)
    codec.encoded.clear()
    commit(stage.replica, {1: Boat(20, 10, "a"), 7: Boat(11, 11, "new")}, [EventOut("said", HERE, "", {"text": "x"})])
    stage.flush()
    assert (codec.rows(wire.CellChange), codec.rows(wire.EventRow)) == (1, 1)
    assert len({id(viewer.writes[0]) for viewer in stage.viewers}) == 2
    assert stage.news() == [["Delta", "Events"]] * 100
    assert all(viewer.held() == visible(stage.replica, viewer.sight()) for viewer in stage.viewers)


def test_a_cell_that_many_enter_is_encoded_once() -> None:
    """Fifty newcomers to a view share the encoding of its cells."""
    codec = CountingCodec()
    stage = scene(*[codec] * 50)
    assert codec.rows(wire.CellContent) == len(stage.viewers[0].view.shown)


def test_nothing_new_is_nothing_sent() -> None:
    """Without a change in view, and without answers, no byte is written."""
    stage = scene(MSGPACK)
    commit(stage.replica, {9: Boat(900, 900, "far")})
    stage.flush()
    assert stage.news() == [[]]


def test_moving_on_brings_cells_and_takes_cells() -> None:
    """A viewer that moves gets the cells that it comes to, is told which it left, and holds neither more nor less."""
    stage = scene(MSGPACK, JSON)
    commit(stage.replica, {5: Boat(250, 10, "ahead"), 6: Boat(-110, 10, "behind")})
    stage.flush()
    stage.news()
    commit(stage.replica, {1: Boat(130, 10, "boat 1")})
    stage.flush()
    assert stage.news() == [["Delta", "Cells"]] * 2
    for viewer in stage.viewers:
        assert viewer.held() == visible(stage.replica, viewer.sight())
        ids = {id_ for cell in viewer.held().values() for id_ in cell}
        assert ids == {1, 5}
        assert viewer.bot.findings.first == []


def test_events_go_to_those_who_saw_the_cell() -> None:
    """An event at a place, one for the world and one for a session; none is shown to others."""
    stage = scene(MSGPACK, MSGPACK, boats=2)
    commit(stage.replica, {2: Boat(900, 900, "boat 2")})
    stage.flush()
    stage.news()
    events = [
        EventOut("said", HERE, "", "here"),
        EventOut("said", NOWHERE, "", "everywhere"),
        EventOut("said", NOWHERE, "s1", "for s1"),
    ]
    commit(stage.replica, {}, events)
    stage.flush()
    heard = [
        [row.body for message in viewer.news() if isinstance(message, wire.Events) for row in message.events]
        for viewer in stage.viewers
    ]
    assert heard == [["here", "everywhere"], ["everywhere", "for s1"]]


def test_answers_come_last_and_the_view_is_there_first() -> None:
    """Also when nothing in view changed: an empty delta brings the version that the answer names."""
    stage = scene(MSGPACK, JSON)
    for writes, events in (({}, []), ({}, [EventOut("said", HERE, "", 1)]), ({1: Boat(30, 10, "a")}, [])):
        commit(stage.replica, dict(writes), list(events))
        for viewer in stage.viewers:
            viewer.view.acks.append(wire.Ack(1, stage.replica.version))
        stage.flush()
        for viewer in stage.viewers:
            messages = viewer.news()
            assert isinstance(messages[0], wire.Delta)
            assert isinstance(messages[-1], wire.Done)
            assert viewer.bot.tally.stale_acks == 0
            assert viewer.view.acks == []


def test_a_slow_viewer_has_nothing_queued_and_then_only_what_is_new() -> None:
    """While it cannot take anything it gets nothing and loses no answer; then what changed, as it is now (S13)."""
    stage = scene(JSON, MSGPACK)
    slow, quick = stage.viewers
    slow.blocked = True
    slow.view.acks.append(wire.Ack(1, stage.replica.version))
    for x in range(20, 40):
        commit(stage.replica, {1: Boat(x, 10, "boat 1"), x: Boat(x, x, "new")})
        stage.flush()
    assert slow.writes == []
    assert stage.fanout.counts.held_back == 20
    assert len(quick.writes) == 20
    slow.blocked = False
    stage.flush()
    assert len(slow.writes) == 1
    delta, done = slow.news()
    assert isinstance(delta, wire.Delta)
    assert isinstance(done, wire.Done)
    (change,) = delta.cells
    assert {row.id for row in change.puts} == {1, *range(20, 40)}
    assert slow.bot.mirror is not None
    assert slow.bot.mirror.digests_checked == 1
    assert slow.bot.findings.first == []
    assert slow.held() == quick.held() == visible(stage.replica, slow.sight())
    assert slow.view.reset_reason == ""


def test_digests_are_of_all_cells_in_view() -> None:
    """Each cell that some viewer holds gets one, changed or not, and it is right."""
    stage = scene(MSGPACK, JSON)
    commit(stage.replica, {5: Boat(20, 20, "new"), 6: Map(20, 20, SECRET_TEXT)})
    stage.flush(digests=True)
    for viewer in stage.viewers:
        assert viewer.bot.mirror is not None
        assert viewer.bot.mirror.digests_checked == len(viewer.view.shown)
        assert viewer.bot.findings.first == []


def test_a_digest_finds_a_view_that_is_wrong() -> None:
    """The check above can fail."""
    stage = scene(MSGPACK)
    (viewer,) = stage.viewers
    assert viewer.bot.mirror is not None
    viewer.bot.mirror.get(1).values[2] = "forged"  # type: ignore[union-attr]
    stage.flush(digests=True)
    assert [finding.kind for finding in viewer.bot.findings.first] == ["divergence"]


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
def test_a_reset_names_the_new_history(codec: Codec) -> None:
    """A replica loaded anew: each view is told its epoch and version, even one further back, and what differs."""
    stage = scene(codec)
    (viewer,) = stage.viewers
    blob = stage.replica.schema.encode(Boat(15, 10, "again"))
    stage.replica.load(Snapshot(Head("e2", 0, bytes(8)), {1: bytes(8) + blob}, {}))
    stage.flush()
    reset, delta = viewer.news()
    assert reset == wire.Reset("e2", 0, "epoch", keep=True)
    assert isinstance(delta, wire.Delta)
    assert [(row.id, row.mask) for change in delta.cells for row in change.patches] == [(1, 0b101)]
    assert viewer.held() == visible(stage.replica, viewer.sight())
    assert viewer.bot.findings.first == []


def test_a_viewer_whose_avatar_is_gone_keeps_a_view() -> None:
    """Sunk, it sees what it saw last."""
    stage = scene(MSGPACK)
    commit(stage.replica, {1: None})
    stage.flush()
    (viewer,) = stage.viewers
    assert viewer.held() == visible(stage.replica, viewer.sight())
    assert CellId(0) in viewer.view.shown


def test_who_was_blocked_over_an_epoch_starts_over() -> None:
    """A version of another history says nothing: no catch-up is built on it."""
    stage = scene(MSGPACK, JSON)
    before, within = stage.viewers
    before.blocked = True
    commit(stage.replica, {2: Boat(15, 10, "lost")})
    stage.flush()
    before.blocked, within.blocked = False, True
    stage.replica.load(Snapshot(Head("e2", 1, bytes(8)), {}, {}))
    stage.flush()
    within.blocked = False
    stage.flush()
    for viewer in stage.viewers:
        assert [type(message) for message in viewer.news()][-2:] == [wire.Reset, wire.Cells]
        assert viewer.held() == visible(stage.replica, viewer.sight())
        assert viewer.bot.findings.first == []


def test_a_catch_up_that_needs_too_much_memory_is_a_reset() -> None:
    """Only so many departures are remembered: a view from before the oldest starts over."""
    stage = scene(MSGPACK)
    (viewer,) = stage.viewers
    stage.fanout.departures.kept = 3
    viewer.blocked = True
    for id_ in range(10, 16):
        commit(stage.replica, {id_: Boat(10, 10, "x")})
        commit(stage.replica, {id_: None})
        stage.flush()
    viewer.blocked = False
    stage.flush()
    assert stage.news() == [["Reset", "Cells"]]
    assert viewer.held() == visible(stage.replica, viewer.sight())


def test_a_slow_viewer_hears_the_newest_events() -> None:
    """Events wait for it in a queue of their own, the oldest dropped, in order; those of other places do not."""
    stage = scene(MSGPACK)
    (viewer,) = stage.viewers
    viewer.blocked = True
    for number in range(MAX_MISSED_EVENTS + 6):
        far = EventOut("said", cell_at(900, 900, 100), "", "far")
        commit(stage.replica, {}, [EventOut("said", HERE, "", number), far])
        stage.flush()
    assert stage.fanout.counts.events_dropped == 6
    viewer.blocked = False
    commit(stage.replica, {}, [EventOut("said", NOWHERE, "s0", "last")])
    stage.flush()
    heard = [row.body for message in viewer.news() if isinstance(message, wire.Events) for row in message.events]
    assert heard == [*range(6, MAX_MISSED_EVENTS + 6), "last"]


def test_a_large_view_comes_in_parts_the_nearest_first() -> None:
    """Only so many rows a flush; the own cell is there at once, and in the end everything, without another change."""
    replica = new_replica()
    commit(replica, {id_: Boat(-140 + 100 * (id_ % 4), 10, "x") for id_ in range(10, 410)})
    commit(replica, {1: Boat(10, 10, "a")})
    viewer, fanout = Spy(replica, MSGPACK, boat=1), Fanout(replica, SECRET)
    viewer.view.allowance = Allowance(rate_hz=1000.0, burst=120.0)
    sizes = []
    for number in range(20):
        flush(fanout, viewer, now_s=number / 20)
        sizes.append(len(viewer.view.shown))
        assert {1} <= {id_ for cell in viewer.held().values() for id_ in cell}
        assert viewer.held() == visible(replica, viewer.view.shown)
    assert sizes[0] < sizes[-1] == len(viewer.sight())
    assert sizes == sorted(sizes)
    assert not fanout.unfinished
    assert viewer.bot.findings.first == []


def test_who_looks_to_and_fro_is_shown_no_more_than_its_allowance() -> None:
    """Alternating radii cost a client its own rows, not the node."""
    replica = new_replica()
    commit(replica, {id_: Boat(350, 10, "x") for id_ in range(10, 110)})
    viewer, fanout = Spy(replica, MSGPACK), Fanout(replica, SECRET)
    viewer.view.allowance = Allowance(rate_hz=50.0, burst=200.0)
    for number in range(200):
        viewer.look(400.0 if number % 2 else 1.0)
        flush(fanout, viewer, now_s=number / 20)
    shown = sum(
        1 + len(content.entities)
        for message in viewer.news()
        if isinstance(message, wire.Cells)
        for content in message.entered
    )
    assert 200 < shown <= 200 + 10 * 50 + 101


def test_the_own_avatar_is_seen_wherever_it_is_set_down() -> None:
    """Even by who has no allowance left."""
    stage = scene(MSGPACK)
    (viewer,) = stage.viewers
    viewer.view.allowance = Allowance(rate_hz=0.0, burst=0.0)
    commit(stage.replica, {1: Boat(900, 900, "boat 1")})
    stage.flush()
    assert viewer.held() == visible(stage.replica, frozenset([NOWHERE, cell_at(900, 900, 100)]))
    assert stage.fanout.unfinished
