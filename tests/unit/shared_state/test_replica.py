"""Replicas: every copy at a version is equal, tags and cells included."""

from __future__ import annotations

import pytest

from shared_state.cell import cell_at
from shared_state.delta import Delta, Record, Write, decode_delta
from shared_state.entity import EntityId
from shared_state.errors import UndecodableDelta
from shared_state.replica import Before, Departure, Fit, Replica
from shared_state.store import Snapshot
from tests.unit.shared_state.small_world import SCHEMA, WORLD, Bench, Boat, Note, job, put_boat, verify_same


def lively() -> tuple[Bench, EntityId, EntityId]:
    """A world in which things were made, moved, added to and deleted; two boats are left."""
    bench = Bench()
    boat, other, gone = (bench.create(Boat(5, x, 1)) for x in (1, 2, 3))
    bench.create(Note("x"))
    bench.run(lambda tx: tx.patch(boat, x=95.0), lambda tx: tx.add(boat, Boat, "gold", 1, 0, 9))
    bench.run(lambda tx: tx.delete(gone))
    return bench, boat, other


def test_deltas_and_snapshot_make_equal_copies() -> None:
    """A replica that followed equals one that was loaded, and both equal the store."""
    bench, *_ = lively()
    fresh = Replica(SCHEMA)
    fresh.load(bench.model.snapshot(WORLD))
    verify_same(bench.replica, bench.stored)
    verify_same(fresh, bench.stored)


def test_an_addition_by_a_blind_writer_leaves_the_stores_tag() -> None:
    """When another wrote in between, the replica holds the blind tag that the store chose."""
    bench, boat, _ = lively()
    late = Bench(bench.model)
    bench.run(lambda tx: tx.patch(boat, name="new"))
    late.commit(late.board(*[job(lambda tx: tx.add(boat, Boat, "gold", 1, 0, 99)) for _ in range(2)]))
    bench.catch_up()
    late.catch_up()
    verify_same(bench.replica, bench.stored)
    verify_same(late.replica, bench.stored)
    assert bench.replica.entities[boat].tag[0] & 0x80


def test_fit_tells_next_old_far_and_foreign_deltas_apart() -> None:
    """A delta is next only in its epoch, with the next version, on the same stamp."""
    replica = Replica(SCHEMA, "e", 5, b"stamp--5")
    cases = [
        (Delta("e", 6, b"stamp--5", b"new", []), Fit.NEXT),
        (Delta("e", 5, b"stamp--4", b"stamp--5", []), Fit.DUPLICATE),
        (Delta("e", 1, b"", b"", []), Fit.DUPLICATE),
        (Delta("e", 7, b"stamp--5", b"", []), Fit.GAP),
        (Delta("e", 6, b"another-", b"", []), Fit.FOREIGN),
        (Delta("f", 6, b"stamp--5", b"", []), Fit.FOREIGN),
    ]
    assert [replica.fit(delta) for delta, _ in cases] == [fit for _, fit in cases]


def test_drain_tells_what_things_were_before() -> None:
    """Changes name every touched entity once, as it was at the last drain, with events in order."""
    bench = Bench()
    boat, gone = bench.create(Boat(5, 1, 1)), bench.create(Boat(6, 1, 1))
    bench.replica.drain()
    bench.run(
        lambda tx: tx.patch(boat, x=50.0),
        lambda tx: tx.patch(boat, x=95.0),
        lambda tx: tx.delete(gone),
        put_boat(1, 2, 3),
        lambda tx: tx.emit_world("a", 1),
        lambda tx: tx.emit_world("b", 2),
    )
    changes = bench.replica.drain()
    made = next(id_ for id_, entity in bench.replica.entities.items() if entity.value == Boat(1, 2, 3))
    here = cell_at(1, 1, 10)
    assert changes.entities == {
        boat: Before(Boat(5, 1, 1), here),
        gone: Before(Boat(6, 1, 1), here),
        made: Before(None, None),
    }
    assert [(event.name, event.body) for event in changes.events] == [("a", 1), ("b", 2)]
    assert not bench.replica.drain()


def test_drain_tells_what_left_which_cell_and_when() -> None:
    """With the version in which it came; what moved within its cell left nothing."""
    bench = Bench()
    boat, other = bench.create(Boat(5, 1, 1)), bench.create(Boat(6, 1, 1))
    bench.run(lambda tx: tx.patch(boat, x=2.0), lambda tx: tx.patch(boat, x=50.0))
    bench.run(lambda tx: tx.delete(boat), lambda tx: tx.delete(other))
    here, there = cell_at(1, 1, 10), cell_at(50, 1, 10)
    assert bench.replica.drain().departures == [
        Departure(boat, Boat, here, 1, 3),
        Departure(boat, Boat, there, 3, 4),
        Departure(other, Boat, here, 2, 4),
    ]


def test_a_snapshot_counts_what_differs_as_changed() -> None:
    """What was there before is told apart from what is there now; departures before it are worth nothing."""
    bench, boat, other = lively()
    snapshot = bench.model.snapshot(WORLD)
    was = bench.replica.entities[boat].value
    bench.run(lambda tx: tx.patch(boat, x=77.0), lambda tx: tx.delete(other))
    made = bench.create(Boat(1, 2, 3))
    bench.replica.drain()
    bench.replica.load(snapshot)
    changes = bench.replica.drain()
    assert changes.entities.keys() == {boat, other, made}
    assert changes.entities[boat].value != was == bench.replica.entities[boat].value
    assert changes.entities[other] == Before(None, None)
    assert (changes.departures, changes.loaded_at) == ([], snapshot.head.version)


def test_an_undecodable_snapshot_changes_nothing() -> None:
    """A snapshot with one bad entity leaves the copy as it was."""
    bench, *_ = lively()
    good = bench.model.snapshot(WORLD)
    bad = Snapshot(good.head, {**good.state, 77: bytes(8) + b"\xff"}, good.cells)
    with pytest.raises(UndecodableDelta):
        bench.replica.load(bad)
    verify_same(bench.replica, bench.stored)


def test_an_undecodable_entity_in_a_delta_is_told() -> None:
    """Applying it raises the documented error."""
    bench, *_ = lively()
    record = Record(b"tagtagta", "", 0, b"", [Write(5, b"\xff")], [])
    with pytest.raises(UndecodableDelta):
        bench.replica.apply(Delta(bench.replica.epoch, bench.replica.version + 1, b"", b"", [record]))


def test_deleting_the_unknown_is_harmless() -> None:
    """Contents are absolute: a deletion of what was never there leaves nothing behind."""
    bench = Bench()
    bench.run(lambda tx: tx.delete(tx.create(Boat(0, 1, 1))))
    verify_same(bench.replica, bench.stored)
    assert not bench.replica.entities
    assert not bench.replica.cell_tags


def test_versions_tell_when_an_entity_changed_last() -> None:
    """Each entity carries the version of the batch that wrote it."""
    bench, boat, other = lively()
    assert bench.replica.entities[other].version == 2
    assert bench.replica.entities[boat].version == 5
    assert decode_delta(bench.model.log_after(WORLD, 4, 1)[0]).version == 5
