"""Changes sorted by cell: what each kind of change becomes, and what it does not."""

from __future__ import annotations

from server.interest.changes import cell_changes, cell_content, content_digest
from server.wire.digest import cell_digest, entity_digest
from server.wire.messages import CellChange, EntityRow, PatchRow
from shared_state.cell import NOWHERE, CellId, cell_at
from shared_state.replica import Replica
from tests.unit.server.harbour import SECRET_TEXT, Boat, Flag, Map
from tests.unit.server.interest.sea import SECRET, commit, new_replica

HERE, THERE = cell_at(10, 10, 100), cell_at(110, 10, 100)


def changes(replica: Replica) -> dict[CellId, CellChange]:
    """The changes since the last call."""
    return cell_changes(replica, replica.drain().entities, SECRET)


def sea(*boats: Boat) -> Replica:
    """A world with boats from id 1, already shown."""
    replica = new_replica()
    commit(replica, dict(enumerate(boats, 1)))
    replica.drain()
    return replica


def test_a_new_entity_is_put() -> None:
    """It comes whole into its cell; one without a place into cell 0."""
    replica = new_replica()
    boat, flag = Boat(10, 10, "a"), Flag("f")
    commit(replica, {1: boat, 2: flag})
    assert changes(replica) == {
        HERE: CellChange(HERE, [EntityRow(1, 0, boat)], [], [], []),
        NOWHERE: CellChange(NOWHERE, [EntityRow(2, 1, flag)], [], [], []),
    }


def test_changed_fields_are_patched() -> None:
    """Only fields that differ from what was shown, over several versions."""
    replica = sea(Boat(10, 10, "a"))
    commit(replica, {1: Boat(11, 10, "a", 5)})
    commit(replica, {1: Boat(12, 10, "a", 6)})
    assert changes(replica) == {HERE: CellChange(HERE, [], [PatchRow(1, 0b1001, [12, 6])], [], [])}


def test_what_changed_and_changed_back_is_not_told() -> None:
    """Also when it was written without a change."""
    replica = sea(Boat(10, 10, "a"))
    commit(replica, {1: Boat(11, 10, "a")})
    commit(replica, {1: Boat(10, 10, "a")})
    assert changes(replica) == {}


def test_who_crosses_a_border_is_moved_and_put() -> None:
    """Out of the one cell without a word of where it went, whole into the other, however many borders lie between."""
    replica = sea(Boat(10, 10, "a"))
    commit(replica, {1: Boat(500, 500, "a")})
    commit(replica, {1: Boat(110, 10, "a")})
    assert changes(replica) == {
        HERE: CellChange(HERE, [], [], [], [1]),
        THERE: CellChange(THERE, [EntityRow(1, 0, Boat(110, 10, "a"))], [], [], []),
    }


def test_who_crosses_and_comes_back_is_patched() -> None:
    """A border crossed twice between two flushes is none."""
    replica = sea(Boat(10, 10, "a"))
    commit(replica, {1: Boat(110, 10, "a")})
    commit(replica, {1: Boat(20, 10, "a")})
    assert changes(replica) == {HERE: CellChange(HERE, [], [PatchRow(1, 1, [20])], [], [])}


def test_a_deleted_entity_is_gone() -> None:
    """From the cell in which it was last shown, wherever it ended."""
    replica = sea(Boat(10, 10, "a"))
    commit(replica, {1: Boat(110, 10, "a")})
    commit(replica, {1: None})
    assert changes(replica) == {HERE: CellChange(HERE, [], [], [1], [])}


def test_what_came_and_went_between_flushes_is_not_told() -> None:
    """Nobody ever saw it."""
    replica = sea()
    commit(replica, {1: Boat(10, 10, "a")})
    commit(replica, {1: None})
    assert changes(replica) == {}


def test_secrets_are_in_no_change_and_no_content() -> None:
    """Made, moved, changed and deleted, they leave no row, and count in no digest."""
    replica = sea(Boat(10, 10, "a"))
    histories = [{2: Map(10, 10, SECRET_TEXT)}, {2: Map(110, 10, SECRET_TEXT)}, {2: Map(110, 10, "x")}, {2: None}]
    for writes in histories:
        commit(replica, writes)  # type: ignore[arg-type]
        content = cell_content(replica, HERE, SECRET)
        assert changes(replica) == {}
        assert [row.id for row in content.entities] == [1]
        assert content_digest(content) == cell_digest([entity_digest(1, 0, [10, 10, "a", 0])])
