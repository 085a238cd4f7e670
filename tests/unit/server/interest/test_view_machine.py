"""Property: any interleaving of moves, zooms, full sockets, resumes elsewhere and reloads leaves a right view (P3, P7).

Two nodes show one world, flushing when they like; one of them misses deltas and loads snapshots. The oracle is the
protocol's client: what it holds must be what its node's replica has in the cells that it was given, digests included.
"""

from __future__ import annotations

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from server.interest.allowance import Allowance
from server.interest.fanout import Fanout
from server.interest.sight import Sight
from server.wire import messages as wire
from server.wire.codec import JSON, MSGPACK
from shared_state.delta import EventOut
from shared_state.entity import EntityId
from shared_state.names import SessionId
from shared_state.position import Head, Position
from shared_state.replica import Replica
from shared_state.schema import Kind
from shared_state.store import Snapshot
from tests.unit.server.harbour import SECRET_TEXT, Boat, Flag, Map
from tests.unit.server.interest.sea import SECRET, Spy, commit, new_replica, visible
from tests.unit.server.quay import payloads_in

PLACES = st.sampled_from([-50.0, 0.0, 50.0, 110.0, 130.0, 420.0])
BOATS = st.builds(Boat, PLACES, PLACES, st.sampled_from(["a", "b"]), st.integers(0, 2))
WRITES = st.dictionaries(st.integers(1, 5), st.none() | BOATS, min_size=1, max_size=3)
OTHERS = st.sampled_from([{}, {8: Flag("f")}, {8: None}, {9: Map(0.0, 0.0, SECRET_TEXT)}, {9: None}])
VIEWERS = st.integers(0, 2)


@attrs.define(eq=False)
class Side:
    """One node: its replica, its fan-out, who looks at it, and what time it is there."""

    replica: Replica
    fanout: Fanout
    viewers: list[Spy] = attrs.field(factory=list)
    now_s: float = 0.0


def snapshot_of(replica: Replica, head: Head) -> Snapshot:
    """A replica as the store would give it."""
    state = {int(id_): bytes(e.tag) + replica.schema.encode(e.value) for id_, e in replica.entities.items()}
    return Snapshot(head, state, {})


def side() -> Side:
    """A node that shows at most three entities at once from afar, and lets few rows a second come into view."""
    replica = new_replica()
    fanout = Fanout(replica, SECRET)
    fanout.crowd.most, fanout.departures.kept = 3, 8
    return Side(replica, fanout)


class Views(RuleBasedStateMachine):
    """Two nodes, three clients."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = [side(), side()]
        self.spies = [self.new_spy(number) for number in range(3)]
        self.sides[0].viewers += self.spies

    def new_spy(self, number: int) -> Spy:
        """A client on the first node's boat of its number."""
        codec = JSON if number == 1 else MSGPACK
        spy = Spy(self.sides[0].replica, codec, SessionId(f"s{number}"), boat=number)
        spy.view.allowance = Allowance(rate_hz=100.0, burst=8.0)
        return spy

    @rule(writes=WRITES, others=OTHERS, lags=st.booleans())
    def commit(self, writes: dict[int, Kind | None], others: dict[int, Kind | None], lags: bool) -> None:
        """Something happens; the second node may not hear of it, and then has to load a snapshot."""
        first, second = (side.replica for side in self.sides)
        if not lags and second.position != first.position:
            second.load(snapshot_of(first, Head(first.epoch, first.version, first.stamp)))
        for replica in [first] if lags else [first, second]:
            commit(replica, {**writes, **others}, [EventOut("said", 0, "s1", "x"), EventOut("said", 0, "", "y")])

    @precondition(lambda self: self.sides[0].replica.version % 7 == 6)
    @rule()
    def renew_history(self) -> None:
        """The store lost something: both nodes load another history, its versions begin anew."""
        first = self.sides[0].replica
        head = Head(first.epoch + "x", 1, bytes(8))
        snapshot = snapshot_of(first, head)
        for id_ in list(snapshot.state)[:1]:
            del snapshot.state[id_]
        for side in self.sides:
            side.replica.load(snapshot)

    @rule(number=VIEWERS, blocked=st.booleans())
    def block(self, number: int, blocked: bool) -> None:
        """A socket fills up or empties."""
        self.spies[number].blocked = blocked

    @rule(number=VIEWERS, radius=st.sampled_from([0.0, 1.0, 400.0, None]))
    def look(self, number: int, radius: float | None) -> None:
        """A client looks nearer or farther, or (None) asks for everything anew."""
        if radius is None:
            self.spies[number].view.reset_reason = "digest"
        else:
            self.spies[number].look(radius)

    @precondition(lambda self: self.sides[0].replica.position == self.sides[1].replica.position)
    @rule(number=VIEWERS, to=st.integers(0, 1))
    def resume(self, number: int, to: int) -> None:
        """A client comes back, to any node, with what it holds."""
        spy, side = self.spies[number], self.sides[to]
        for other in self.sides:
            if spy in other.viewers:
                other.viewers.remove(spy)
        mirror = spy.bot.mirror
        assert mirror is not None
        spy.view = type(spy.view)(allowance=Allowance(rate_hz=100.0, burst=8.0))
        if mirror.cells and side.fanout.may_resume(Position(mirror.epoch, mirror.version)):
            spy.view.resume(frozenset(mirror.cells), mirror.version)  # type: ignore[arg-type]
        else:
            spy.view.reset_reason = "resume"
        spy.replica, spy.blocked = side.replica, False
        side.viewers.append(spy)

    @rule(which=st.integers(0, 3), digests=st.booleans())
    def flush(self, which: int, digests: bool) -> None:
        """A node, mostly the first, shows what happened; every frame and every view after it are looked through."""
        side = self.sides[which if which < 2 else 0]
        side.now_s += 0.05
        held = {spy: ids_in(spy) for spy in side.viewers}
        for spy in side.viewers:
            spy.view.acks.append(wire.Ack(side.replica.version, side.replica.version))
        for viewer, frames in side.fanout.flush(side.viewers, side.replica.drain(), side.now_s, digests):
            assert isinstance(viewer, Spy)
            verify_frames(viewer, frames, held[viewer])
            viewer.write(frames)
        for spy in side.viewers:
            if not spy.blocked:
                verify_view(spy)
            assert spy.bot.findings.first == []
            assert spy.bot.tally.stale_acks == 0


def ids_in(spy: Spy) -> set[int]:
    """The entities that a client holds."""
    return {id_ for cell in spy.held().values() for id_ in cell}


def verify_view(spy: Spy) -> None:
    """Fails unless a client holds what its node's replica has of just the cells that it should see of it."""
    replica, shown = spy.replica, spy.view.shown
    assert spy.bot.mirror is not None
    assert spy.held() == visible(replica, shown)
    assert (spy.bot.mirror.epoch, spy.bot.mirror.version) == (replica.epoch, replica.version)
    assert shown <= spy.sight()
    boat = replica.entities.get(EntityId(spy.boat))
    assert boat is None or spy.boat in ids_in(spy), "the own avatar is always in view"


def verify_frames(spy: Spy, frames: bytes, held: set[int]) -> None:
    """Fails if a byte tells of something that the client does not see, and did not."""
    assert SECRET_TEXT.encode() not in frames
    seen: Sight = spy.view.shown
    now = {int(id_) for cell in seen for id_ in visible(spy.replica, frozenset([cell]))[cell]}
    for payload in payloads_in(frames):
        message = spy.codec.decode_to_client(payload)
        if isinstance(message, wire.Delta):
            assert {change.cell for change in message.cells} <= seen
            for change in message.cells:
                assert {row.id for row in (*change.puts, *change.patches)} <= now
                assert {*change.gone, *change.moved} <= held
        elif isinstance(message, wire.Cells):
            assert {content.cell for content in message.entered} <= seen
            assert {row.id for content in message.entered for row in content.entities} <= now


Views.TestCase.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)
TestViews = Views.TestCase
