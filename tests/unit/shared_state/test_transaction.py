"""Transactions: what a rule may depend on is recorded, and what it writes it sees."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest

from shared_state.cell import NOWHERE, cell_at
from shared_state.entity import NO_TAG, EntityId
from shared_state.errors import SchemaError
from shared_state.names import lease_name
from shared_state.store import LeaseGrant
from shared_state.transaction import IdSource, NoSuchEntity, OutOfIds, Transaction
from tests.unit.shared_state.small_world import NOW_MS, Bench, Boat, Buoy, Note

MISSING = EntityId(10_000)
SMALL, LARGE = -1e9, 1e9


@pytest.fixture
def bench() -> Bench:
    """A node that is alone in its world."""
    return Bench()


def test_a_read_is_recorded_with_its_tag(bench: Bench) -> None:
    """The commit will depend on the state that was read."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    assert tx.get(boat, Boat) == Boat(5, 1, 1)
    assert tx.reads == {boat: bench.tag_of(boat)}


def test_an_absent_entity_is_recorded_too(bench: Bench) -> None:
    """ "There is none" is something a rule can depend on."""
    tx = bench.transaction()
    assert tx.get(MISSING, Boat) is None
    assert tx.reads == {MISSING: NO_TAG}


def test_an_entity_of_another_kind_is_none_and_recorded(bench: Bench) -> None:
    """Asking for the wrong kind finds nothing, and depends on what is there."""
    note = bench.create(Note("x"))
    tx = bench.transaction()
    assert tx.get(note, Boat) is None
    assert tx.reads == {note: bench.tag_of(note)}


def test_own_writes_are_seen_and_are_no_dependency(bench: Bench) -> None:
    """A rule reads what it wrote; only the state before counts for the commit."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    tx.put(boat, Boat(6, 2, 2))
    tx.patch(boat, gold=7)
    assert tx.get(boat, Boat) == Boat(7, 2, 2)
    made = tx.create(Note("new"))
    assert tx.get(made, Note) == Note("new")
    tx.delete(made)
    assert tx.get(made, Note) is None
    assert tx.reads == {boat: bench.tag_of(boat)}


def test_writes_without_reading_depend_on_the_state_all_the_same(bench: Bench) -> None:
    """Put, patch and delete record what they replace: nothing is overwritten unseen."""
    writes: list[Callable[[Transaction, EntityId], None]] = [
        lambda tx, id_: tx.put(id_, Boat(1, 1, 1)),
        lambda tx, id_: tx.patch(id_, gold=1),
        lambda tx, id_: tx.delete(id_),
    ]
    boat = bench.create(Boat(5, 1, 1))
    for write in writes:
        tx = bench.transaction()
        write(tx, boat)
        assert tx.reads == {boat: bench.tag_of(boat)}


def test_writes_to_nothing_are_refused_and_recorded(bench: Bench) -> None:
    """Put, patch and delete need an entity; that there is none is a dependency of the refusal."""
    tx = bench.transaction()
    with pytest.raises(NoSuchEntity):
        tx.put(MISSING, Boat(1, 1, 1))
    with pytest.raises(NoSuchEntity):
        tx.patch(MISSING, gold=1)
    with pytest.raises(NoSuchEntity):
        tx.delete(MISSING)
    assert tx.reads == {MISSING: NO_TAG}
    assert not tx.writes


def test_a_deleted_entity_is_gone_for_the_rest_of_the_rule(bench: Bench) -> None:
    """After a delete every write to it is refused, additions too."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    tx.delete(boat)
    assert tx.get(boat, Boat) is None
    assert tx.near(1, 1, 5, Boat) == []
    for write in (lambda: tx.delete(boat), lambda: tx.patch(boat, gold=1), lambda: add(tx, boat, 1)):
        with pytest.raises(NoSuchEntity):
            write()


def test_put_keeps_the_kind(bench: Bench) -> None:
    """An entity never becomes another kind: scans rely on it."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    with pytest.raises(SchemaError, match="kind cannot change"):
        tx.put(boat, Buoy(1, 1, 1))
    assert not tx.writes


def test_bad_values_are_refused_where_they_are_written(bench: Bench) -> None:
    """A value that cannot be stored leaves no write behind, and takes no id."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    left = bench.ids.left
    with pytest.raises(SchemaError):
        tx.create(Boat(math.nan, 0, 0))
    with pytest.raises(SchemaError):
        tx.patch(boat, no_such_field=1)
    with pytest.raises(SchemaError):
        tx.put(boat, Boat(0, math.inf, 0))
    assert not tx.writes
    assert bench.ids.left == left


# ---- scans ----------------------------------------------------------------------------------------------------------


def test_a_scan_records_all_cells_it_looked_at(bench: Bench) -> None:
    """Also those in which nobody stands, with the tag of a cell that never changed."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    assert tx.near(9, 9, 2, Boat) == []
    tag = bench.tag_of(boat)
    assert tx.scans == {
        cell_at(1, 1, 10): tag, cell_at(1, 11, 10): NO_TAG, cell_at(11, 1, 10): NO_TAG, cell_at(11, 11, 10): NO_TAG,
    }  # fmt: skip
    assert tx.reads == {boat: tag}, "the boat in reach of the cells was looked at, too far or not"


def test_a_scan_finds_what_is_within_the_radius_nearest_first(bench: Bench) -> None:
    """The circle's edge belongs to it; equal distances are ordered by id; other kinds are no dependency."""
    far = bench.create(Boat(0, 5, 0))
    near = bench.create(Boat(0, 1, 0))
    twin = bench.create(Boat(0, 0, 1))
    bench.create(Boat(0, 5.1, 0))
    buoy = bench.create(Buoy(0, 0, 0))
    tx = bench.transaction()
    assert [entity_id for entity_id, _ in tx.near(0, 0, 5, Boat)] == [near, twin, far]
    assert buoy not in tx.reads


def test_a_scan_sees_own_writes(bench: Bench) -> None:
    """Created and moved-in entities are found where the rule put them, moved-out and deleted ones are not."""
    gone, moved, coming = (bench.create(Boat(0, x, 0)) for x in (1, 2, 50))
    tx = bench.transaction()
    tx.delete(gone)
    tx.patch(moved, x=60.0)
    tx.patch(coming, x=3.0)
    made = tx.create(Boat(0, 4, 0))
    assert [entity_id for entity_id, _ in tx.near(0, 0, 9, Boat)] == [coming, made]


def test_a_scan_makes_additions_plain_writes(bench: Bench) -> None:
    """Finding an entity shows its counter, so a blind addition to it can no longer be blind."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    add(tx, boat, 2)
    assert tx.near(1, 1, 1, Boat) == [(boat, Boat(7, 1, 1))]
    assert not tx.adds
    assert boat in tx.reads


def test_placeless_entities_are_scanned_as_one_cell(bench: Bench) -> None:
    """All notes come by id, and depend on the cell that is nowhere."""
    notes = [bench.create(Note(text)) for text in "ba"]
    tx = bench.transaction()
    assert tx.all_placeless(Note) == [(notes[0], Note("b")), (notes[1], Note("a"))]
    assert tx.scans == {NOWHERE: bench.tag_of(notes[1])}


# ---- add ------------------------------------------------------------------------------------------------------------


def add(tx: Transaction, boat: EntityId, delta: float, low: float = SMALL, high: float = LARGE) -> None:
    """Adds to a boat's gold."""
    tx.add(boat, Boat, "gold", delta, low, high)


def test_an_addition_is_no_dependency(bench: Bench) -> None:
    """It neither reads nor writes."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    add(tx, boat, 1)
    add(tx, boat, 2)
    assert not tx.reads
    assert not tx.writes
    assert [addition.delta for addition in tx.adds[boat]] == [1, 2]


def test_add_then_read_becomes_a_write(bench: Bench) -> None:
    """The reader sees all additions so far, in order, clamped at each step."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    add(tx, boat, 100, high=10)
    add(tx, boat, -1)
    assert tx.get(boat, Boat) == Boat(9, 1, 1)
    assert tx.reads == {boat: bench.tag_of(boat)}
    assert tx.writes[boat][0] == Boat(9, 1, 1)
    assert not tx.adds


def test_read_then_add_is_a_write(bench: Bench) -> None:
    """After a read or a write of the entity an addition is applied at once, within its bounds."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    assert tx.get(boat, Boat)
    add(tx, boat, -10, low=0)
    assert tx.get(boat, Boat) == Boat(0, 1, 1)
    add(tx, boat, 3, high=2)
    assert tx.get(boat, Boat) == Boat(2, 1, 1)
    made = tx.create(Boat(0, 1, 1))
    add(tx, made, 4)
    assert tx.get(made, Boat) == Boat(4, 1, 1)
    assert not tx.adds


def test_delete_after_add_forgets_the_addition(bench: Bench) -> None:
    """An entity added to and then deleted is deleted, depending on what it was."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    add(tx, boat, 1)
    tx.delete(boat)
    assert tx.writes[boat] == (None, b"")
    assert not tx.adds


@pytest.mark.parametrize("numbers", [(math.nan, 0, 1), (1, -math.inf, 1), (1, 0, 2**53), (2**53, 0, 1)])
def test_additions_of_no_number_are_refused(bench: Bench, numbers: tuple[float, float, float]) -> None:
    """Delta and bounds are finite and exact, or there is no addition."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    with pytest.raises(SchemaError):
        add(tx, boat, *numbers)
    assert not tx.adds


def test_additions_to_what_is_no_counter_are_refused(bench: Bench) -> None:
    """Plain fields and unknown ones cannot be added to."""
    boat = bench.create(Boat(5, 1, 1))
    tx = bench.transaction()
    for field in ("x", "name", "nothing"):
        with pytest.raises(SchemaError):
            tx.add(boat, Boat, field, 1, 0, 1)


def test_an_addition_to_another_kind_is_refused(bench: Bench) -> None:
    """A player who names a note as a boat does not get eight bytes written into the note."""
    note, buoy = bench.create(Note("precious")), bench.create(Buoy(0, 1, 1))
    tx = bench.transaction()
    for entity_id in (note, buoy, tx.create(Buoy(0, 1, 1))):
        with pytest.raises(SchemaError, match="not a Boat"):
            add(tx, entity_id, 1)
    assert not tx.adds


# ---- the rest -------------------------------------------------------------------------------------------------------


def test_abandon_forgets_writes_and_keeps_reads(bench: Bench) -> None:
    """What was looked at still counts; what was to be done does not."""
    boat, other = bench.create(Boat(5, 1, 1)), bench.create(Boat(1, 1, 1))
    tx = bench.transaction()
    tx.patch(boat, gold=6)
    add(tx, other, 1)
    tx.create(Note("x"))
    tx.emit_world("boom", None)
    tx.abandon()
    assert (tx.writes, tx.adds, tx.events) == ({}, {}, [])
    assert tx.reads == {boat: bench.tag_of(boat)}
    assert tx.get(boat, Boat) == Boat(5, 1, 1)


def test_chance_and_time_are_those_of_the_transaction(bench: Bench) -> None:
    """The same tag gives the same chance, another tag another."""
    tx = bench.transaction()
    again = Transaction(tx.view, tx.tag, NOW_MS, bench.ids)
    assert [tx.random.random() for _ in range(3)] == [again.random.random() for _ in range(3)]
    assert bench.transaction().random.random() != Transaction(tx.view, tx.tag, NOW_MS, bench.ids).random.random()
    assert tx.now_ms == NOW_MS


def test_events_name_cell_session_and_body(bench: Bench) -> None:
    """An event is for those who see a point, for all, or for one."""
    tx = bench.transaction()
    tx.emit("hit", {"n": 1}, x=25, y=-1)
    tx.emit_world("bell", None)
    tx.emit_to("s1", "secret", [2.5])
    assert [(e.name, e.cell, e.session, msgspec.msgpack.decode(e.body)) for e in tx.events] == [
        ("hit", cell_at(25, -1, 10), "", {"n": 1}),
        ("bell", NOWHERE, "", None),
        ("secret", NOWHERE, "s1", [2.5]),
    ]


def test_events_that_cannot_be_told_are_refused_in_the_rule(bench: Bench) -> None:
    """A body with NaN or without an encoding, and a point without a cell, fail in the rule, not in the commit."""
    tx = bench.transaction()
    for emit in (
        lambda: tx.emit_world("bad", math.nan),
        lambda: tx.emit_world("bad", object()),
        lambda: tx.emit_to("s1", "bad", "\ud800"),
        lambda: tx.emit("bad", None, x=math.nan),
        lambda: tx.emit("bad", None, y=1e300),
    ):
        with pytest.raises(SchemaError):
            emit()
    assert not tx.events


def test_a_required_lease_becomes_a_guard(bench: Bench) -> None:
    """The commit names the lease and its token."""
    tx = bench.transaction()
    tx.require(LeaseGrant(lease_name("leader"), "me", 2**53 - 1, 3.0))
    assert tx.guards == {"leader": 2**53 - 1}


def test_ids_come_from_all_blocks_once() -> None:
    """Blocks are used up one after the other; then there are none."""
    ids = IdSource()
    ids.refill(5, 7)
    ids.refill(20, 21)
    assert ids.left == 3
    assert [ids.take() for _ in range(3)] == [5, 6, 20]
    with pytest.raises(OutOfIds):
        ids.take()
    ids.refill(30, 40)
    ids.clear()
    assert ids.left == 0
