"""Pages of a changing world and its log make one version, whatever each page saw."""

from __future__ import annotations

import random

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_state.delta import decode_delta
from shared_state.entity import EntityId, Tag
from shared_state.position import Head
from shared_state.replica import Replica
from shared_state.store import Snapshot
from shared_state.transaction import Transaction
from tests.unit.shared_state.small_world import SCHEMA, WORLD, Bench, Boat, Note, Rule, verify_same

PLACES = (1.0, 12.0, 23.0)
"""In three cells."""


def do(action: str, boat: EntityId | None, x: float) -> Rule:
    """A rule that makes, moves, fills, sinks or, with no boat left, makes a boat."""

    def rule(tx: Transaction) -> None:
        if action == "note":
            tx.create(Note("x"))
        elif action == "create" or boat is None or tx.get(boat, Boat) is None:
            tx.create(Boat(0, x, 1))
        elif action == "move":
            tx.patch(boat, x=x)
        elif action == "add":
            tx.add(boat, Boat, "gold", 1, 0, 99)
        else:
            tx.delete(boat)

    return rule


Step = list[tuple[str, int, float]]
"""What the rules of one version do, to which boat, and where."""

STEP = st.lists(
    st.tuples(
        st.sampled_from(["create", "move", "move", "move", "add", "sink", "note"]),
        st.integers(0, 5),
        st.sampled_from(PLACES),
    ),
    min_size=1,
    max_size=3,
)


@attrs.define(eq=False)
class History:
    """A world that is changed, and what it held at each version."""

    bench: Bench = attrs.field(factory=Bench)
    versions: list[tuple[Head, dict[str, bytes], dict[str, bytes]]] = attrs.field(factory=list)

    def note(self) -> None:
        """Remembers the world as it is."""
        stored = self.bench.stored
        self.versions.append((stored.head, dict(stored.state), dict(stored.cells)))

    def step(self, step: Step) -> None:
        """One version more."""
        boats = sorted(self.bench.replica.entities)
        chosen = [boats[which % len(boats)] if boats else None for _, which, _ in step]
        known = [boat if boat and isinstance(self.bench.replica.read(boat)[1], Boat) else None for boat in chosen]
        self.bench.run(*(do(action, boat, x) for (action, _, x), boat in zip(step, known, strict=True)))
        self.note()

    def read_in_pages(self, entities_end: int, rng: random.Random) -> Snapshot:
        """Each entity as of some version up to ``entities_end``, each cell as of that one or later."""
        state = self._read(1, range(entities_end + 1), rng)
        cells = self._read(2, range(entities_end, len(self.versions)), rng)
        first = self.versions[0][0].version
        log = [decode_delta(payload) for payload in self.bench.model.log_after(WORLD, first, 1000)]
        return Snapshot(self.versions[-1][0], state, {cell: Tag(tag) for cell, tag in cells.items()}, tuple(log))

    def _read(self, part: int, span: range, rng: random.Random) -> dict[int, bytes]:
        names = {name for version in self.versions for name in version[part]}
        found = ((name, self.versions[rng.choice(span)][part].get(name)) for name in sorted(names))
        return {int(name): value for name, value in found if value is not None}


@settings(deadline=None, max_examples=300)
@given(st.lists(STEP, max_size=4), st.lists(STEP, max_size=8), st.randoms(use_true_random=False), st.integers(0, 8))
def test_pages_and_log_make_the_newest_version(
    before: list[Step], during: list[Step], rng: random.Random, entities_end: int
) -> None:
    """Contents, tags, cells and the tags of cells are the store's."""
    history = History()
    for step in before:
        history.step(step)
    history.versions.clear()
    history.note()
    for step in during:
        history.step(step)
    replica = Replica(SCHEMA)
    replica.load(history.read_in_pages(min(entities_end, len(history.versions) - 1), rng))
    verify_same(replica, history.bench.stored)
    assert replica.drain().entities.keys() == replica.entities.keys(), "what was not there before counts as changed"
