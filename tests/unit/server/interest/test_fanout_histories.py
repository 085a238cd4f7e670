"""Property: whatever happens, and however a viewer moves and stalls, its copy equals what it should see."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from server.interest.fanout import Fanout
from server.wire.codec import JSON, MSGPACK
from server.wire.messages import Ack
from shared_state.delta import EventOut
from shared_state.names import SessionId
from shared_state.schema import Kind
from tests.unit.server.harbour import SECRET_TEXT, Boat, Flag, Map
from tests.unit.server.interest.sea import SECRET, Spy, commit, flush, new_replica, visible

# A small sea and few ids: entities often meet borders, views and each other.
PLACES = st.sampled_from([-150.0, -50.0, -0.0, 0.0, 50.0, 99.0, 100.0, 250.0, 420.0])
BOATS = st.builds(Boat, PLACES, PLACES, st.sampled_from(["a", "b"]), st.integers(0, 2))
BOAT_WRITES = st.dictionaries(st.integers(1, 5), st.none() | BOATS, max_size=3)
FLAG_WRITES = st.dictionaries(st.just(6), st.none() | st.builds(Flag, st.just("f"), st.integers(0, 2)), max_size=1)
MAP_WRITES = st.dictionaries(st.just(7), st.none() | st.builds(Map, PLACES, PLACES, st.just(SECRET_TEXT)), max_size=1)
Writes: TypeAlias = dict[int, Kind | None]
WRITES = st.builds(
    lambda *parts: {k: v for part in parts for k, v in part.items()}, BOAT_WRITES, FLAG_WRITES, MAP_WRITES
)
# A step: versions before the flush, which viewers are blocked, whose radius becomes what, whether digests are sent.
STEPS = st.tuples(
    st.lists(WRITES, max_size=3),
    st.sets(st.integers(0, 2)),
    st.sampled_from([0.0, 50.0, 150.0, 300.0]),
    st.booleans(),
)


@given(steps=st.lists(STEPS, min_size=1, max_size=10))
@settings(deadline=None, max_examples=120)
def test_every_copy_equals_what_should_be_seen(steps: list[tuple[list[Writes], set[int], float, bool]]) -> None:
    """After each flush every viewer that could take it holds just its cells, at the version, with right digests."""
    replica = new_replica()
    fanout = Fanout(replica, SECRET)
    viewers = [Spy(replica, MSGPACK, boat=1), Spy(replica, JSON, SessionId("s2"), boat=2), Spy(replica, JSON, boat=0)]
    for versions, blocked, radius, digests in steps:
        for writes in versions:
            commit(replica, writes, [EventOut("said", 0, "s2", replica.version)])
        viewers[0].look(radius)
        for number, viewer in enumerate(viewers):
            viewer.blocked = number in blocked
            viewer.view.acks.append(Ack(replica.version, replica.version))
        flush(fanout, *viewers, digests=digests)
        for viewer in viewers:
            if not viewer.blocked:
                assert viewer.held() == visible(replica, viewer.sight())
                assert viewer.bot.mirror is not None
                assert viewer.bot.mirror.version == replica.version
            assert viewer.bot.findings.first == []
            assert viewer.bot.tally.stale_acks == 0
            assert not any(SECRET_TEXT.encode() in write for write in viewer.writes)
