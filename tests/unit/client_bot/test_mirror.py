"""The mirror: what each message does to it, and what it finds wrong."""

from __future__ import annotations

import attrs
import pytest

from client_bot.lexicon import Lexicon
from client_bot.mirror import Mirror
from server.wire import messages as wire
from tests.unit.client_bot import bay

STATE = {1: (10, bay.BOAT, (1.0, 2.0, "Ada")), 2: (10, bay.CRATE, (3.0, 4.0, 50)), 3: (11, bay.CRATE, (5.0, 6.0, 7))}


@pytest.fixture
def mirror() -> Mirror:
    """A mirror at version 5 that views cells 10 and 11."""
    mirror = Mirror(Lexicon(bay.SCHEMA), "e1", 0)
    mirror.apply_cells(bay.content(STATE, [10, 11], 5))
    return mirror


def change(cell: int, **rows: object) -> wire.CellChange:
    """A change of one cell; what is not given is empty."""
    empty = wire.CellChange(cell, [], [], [], [])
    fields = {name: rows.get(name, getattr(empty, name)) for name in ("puts", "patches", "gone", "moved", "digest")}
    return wire.CellChange(cell, **fields)  # type: ignore[arg-type]


def test_cells_bring_their_entities(mirror: Mirror) -> None:
    """Entered cells are held with all their entities, readable by kind and field name."""
    assert len(mirror) == 3
    assert sorted(id_ for id_, _ in mirror.find("Crate")) == [2, 3]
    boat = mirror.get(1)
    assert boat is not None
    assert mirror.value(boat, "name") == "Ada"
    assert mirror.value(boat, "sail") is None
    assert list(mirror.find("Whale")) == []


def test_a_left_cell_takes_its_entities_along(mirror: Mirror) -> None:
    """What stood in a cell that left the view is not held any more."""
    mirror.apply_cells(wire.Cells(6, [], [10]))
    assert mirror.get(1) is None
    assert list(mirror.cells) == [11]


def test_a_patch_changes_the_masked_fields_only(mirror: Mirror) -> None:
    """Values of a patch go to the fields of its mask, in rising order."""
    mirror.apply_delta(wire.Delta(6, [change(10, patches=[wire.PatchRow(1, 0b101, [9.0, "Bo"])])]))
    boat = mirror.get(1)
    assert boat is not None
    assert boat.values == [9.0, 2.0, "Bo"]
    assert mirror.version == 6


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_entity_crosses_a_border_whichever_cell_comes_first(mirror: Mirror, order: tuple[int, int]) -> None:
    """A move between two viewed cells is one entity before and after."""
    after = {**STATE, 1: (11, bay.BOAT, (101.0, 2.0, "Ada"))}
    message = bay.delta(STATE, after, [10, 11], 6, with_digests=True)
    mirror.apply_delta(wire.Delta(6, [message.cells[place] for place in order]))
    assert len(mirror) == 3
    assert 1 in mirror.cells[11]
    assert not mirror.suspect


def test_a_cell_may_enter_before_the_delta_that_empties_the_other(mirror: Mirror) -> None:
    """An entity that moved into a cell that enters is not found twice once the delta has come."""
    after = {**STATE, 1: (12, bay.BOAT, (201.0, 2.0, "Ada"))}
    mirror.apply_cells(bay.content(after, [12], 6))
    mirror.apply_delta(bay.delta(STATE, after, [10, 11], 6, with_digests=True))
    assert len(mirror) == 3
    assert not mirror.suspect


WRONG = {
    "a patch of entity 9": wire.Delta(6, [change(10, patches=[wire.PatchRow(9, 1, [0.0])])]),
    "entity 9, deleted": wire.Delta(6, [change(10, gone=[9])]),
    "entity 9, moved": wire.Delta(6, [change(10, moved=[9])]),
    "not in view": wire.Delta(6, [change(99, puts=[wire.EntityRow(9, 0, [0.0, 0.0, ""])])]),
    "goes back to 4": wire.Delta(4, []),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_builds_on_something_unknown_is_a_gap(mirror: Mirror, text: str) -> None:
    """Each message that does not fit what is held counts one gap, with a text, and makes the mirror suspect."""
    mirror.apply_delta(WRONG[text])
    assert (mirror.findings.gaps, mirror.findings.divergences) == (1, 0)
    assert text in str(mirror.findings.first[0])
    assert mirror.suspect


DIVERGING = {
    "digest": wire.Delta(6, [change(10, digest=1)]),
    "does not fit kind 0": wire.Delta(6, [change(10, puts=[wire.EntityRow(9, 0, [0.0])])]),
    "does not fit kind 7": wire.Delta(6, [change(10, puts=[wire.EntityRow(9, 7, [])])]),
    "does not fit its kind": wire.Delta(6, [change(10, patches=[wire.PatchRow(1, 0b1000, [0])])]),
}


@pytest.mark.parametrize("text", DIVERGING)
def test_wrong_content_is_a_divergence(mirror: Mirror, text: str) -> None:
    """Each content that cannot be right counts one divergence, with a text."""
    mirror.apply_delta(DIVERGING[text])
    assert (mirror.findings.gaps, mirror.findings.divergences) == (0, 1)
    assert text in str(mirror.findings.first[0])


def test_an_entity_must_not_stay_in_two_cells(mirror: Mirror) -> None:
    """What a version leaves standing twice is a divergence as soon as the next version begins, not before."""
    mirror.apply_delta(wire.Delta(6, [change(11, puts=[wire.EntityRow(1, 0, [0.0, 0.0, ""])])]))
    assert not mirror.suspect
    mirror.apply_delta(wire.Delta(7, []))
    assert mirror.findings.divergences == 1
    assert "two cells" in str(mirror.findings.first[0])


def test_an_entity_may_come_from_a_cell_that_leaves_right_after(mirror: Mirror) -> None:
    """A delta of the cells that stay, then the cells that leave: a move between them is not found twice."""
    after = {**STATE, 1: (11, bay.BOAT, (101.0, 2.0, "Ada"))}
    mirror.apply_delta(bay.delta(STATE, after, [11], 6, with_digests=True))
    mirror.apply_cells(bay.content(after, [], 6, left=[10]))
    mirror.apply_delta(bay.delta(after, after, [11], 7, with_digests=True))
    assert len(mirror) == 2
    assert not mirror.suspect


def test_one_cause_counts_once_and_a_reset_ends_it(mirror: Mirror) -> None:
    """While suspect nothing more is counted; after a reset and fresh cells the mirror is right again."""
    mirror.apply_delta(WRONG["not in view"])
    mirror.apply_delta(wire.Delta(7, [change(10, digest=1, gone=[77])]))
    assert mirror.findings.gaps + mirror.findings.divergences == 1
    mirror.reset("e1", 8)
    assert len(mirror) == 0
    mirror.apply_cells(bay.content(STATE, [10], 8))
    mirror.apply_delta(wire.Delta(9, [change(10, digest=bay.digest(STATE, 10))]))
    assert not mirror.suspect
    assert mirror.digests_checked == 2


def test_a_new_epoch_may_start_at_a_lower_version(mirror: Mirror) -> None:
    """A reset into another epoch goes back without being a gap; within the epoch it is one."""
    mirror.reset("e2", 1)
    assert mirror.findings.gaps == 0
    mirror.reset("e2", 0)
    assert mirror.findings.gaps == 1


def test_digests_are_not_compared_when_not_asked_to(mirror: Mirror) -> None:
    """A mirror that does not check digests ignores a wrong one."""
    mirror.checks_digests = False
    mirror.apply_delta(DIVERGING["digest"])
    assert mirror.digests_checked == 0
    assert not mirror.suspect


def test_findings_keep_few_texts_and_count_all() -> None:
    """However much goes wrong, memory is bounded and counts are exact."""
    mirror = Mirror(Lexicon(bay.SCHEMA), "e1", 0)
    for version in range(1, 101):
        mirror.apply_delta(wire.Delta(version, [change(99)]))
        mirror.reset("e1", version)
    assert mirror.findings.gaps == 100
    assert len(mirror.findings.first) == 20
    assert all(attrs.has(type(finding)) for finding in mirror.findings.first)
