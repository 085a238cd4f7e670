"""The overlay: a batch's later transactions see what its earlier ones will write."""

from __future__ import annotations

from shared_state.cell import cell_at
from shared_state.entity import NO_TAG, EntityId, Tag
from shared_state.overlay import Overlay
from tests.unit.shared_state.small_world import Bench, Boat

HERE, THERE = cell_at(1, 1, 10), cell_at(50, 1, 10)
TAG = Tag(b"pending!")


def absorb(view: Overlay, entity_id: EntityId, value: Boat | None) -> None:
    """Absorbs a write where its value stands."""
    view.absorb(entity_id, TAG, value, None if value is None else view.replica.schema.cell_of(value))


def test_without_pending_writes_it_is_the_replica() -> None:
    """Reads, cells and members come from the replica."""
    bench = Bench()
    boat = bench.create(Boat(5, 1, 1))
    view = Overlay(bench.replica)
    assert view.read(boat) == (bench.tag_of(boat), Boat(5, 1, 1))
    assert view.read(EntityId(999)) == (NO_TAG, None)
    assert (view.cell_tag(HERE), view.cell_tag(THERE)) == (bench.tag_of(boat), NO_TAG)
    assert (set(view.members(HERE)), set(view.members(THERE))) == ({boat}, set())
    assert not view.is_pending(boat)
    assert not view.cell_is_pending(HERE)


def test_a_pending_move_changes_both_cells() -> None:
    """The moved entity is a member of the new cell only, beside those who stayed."""
    bench = Bench()
    boat, other = bench.create(Boat(5, 1, 1)), bench.create(Boat(5, 2, 2))
    view = Overlay(bench.replica)
    absorb(view, boat, Boat(5, 50, 1))
    view.touch(HERE, TAG)
    view.touch(THERE, TAG)
    assert view.read(boat) == (TAG, Boat(5, 50, 1))
    assert (set(view.members(HERE)), set(view.members(THERE))) == ({other}, {boat})
    assert view.cell_tag(HERE) == view.cell_tag(THERE) == TAG
    assert view.is_pending(boat)
    assert view.cell_is_pending(THERE)
    assert not view.is_pending(other)


def test_pending_creations_and_deletions_change_membership() -> None:
    """A deleted entity reads as what the store will have, nothing; a created one is a member."""
    bench = Bench()
    boat, new = bench.create(Boat(5, 1, 1)), EntityId(500)
    view = Overlay(bench.replica)
    absorb(view, boat, None)
    absorb(view, new, Boat(1, 2, 2))
    view.touch(HERE, TAG)
    assert view.read(boat) == (NO_TAG, None)
    assert set(view.members(HERE)) == {new}


def test_a_pending_change_within_a_cell_keeps_its_members() -> None:
    """An entity that stays in its cell is still found there, and the cell's tag stands."""
    bench = Bench()
    boat = bench.create(Boat(5, 1, 1))
    view = Overlay(bench.replica)
    absorb(view, boat, Boat(6, 2, 2))
    assert set(view.members(HERE)) == {boat}
    assert view.cell_tag(HERE) == bench.tag_of(boat)
