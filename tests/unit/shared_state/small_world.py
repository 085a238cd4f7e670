"""A world small enough to reason about: three kinds, and writers that commit to the model store without waiting.

A ``Bench`` is one node without its tasks: it boards jobs, commits the flight and applies deltas when it is told to, so
a test decides what each node knows at each moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs
import trio

from shared_state.batch import CommitReply
from shared_state.delta import decode_delta
from shared_state.entity import EntityId, Tag, TagMaker
from shared_state.flight import Boarding, Flight, assemble
from shared_state.job import Job, SessionWriter, advance_to
from shared_state.memory_store import MemoryServer
from shared_state.names import WorldName, session_id, world_name
from shared_state.outcome import Outcome, Rejection
from shared_state.overlay import Overlay
from shared_state.replica import Replica
from shared_state.schema import Counter, Kind, Schema
from shared_state.session_row import SessionHead
from shared_state.store_model import ModelStore, ModelWorld
from shared_state.transaction import IdSource, Transaction


class Boat(Kind, frozen=True):
    """Placed, with a counter."""

    gold: Counter
    x: float
    y: float
    name: str = ""


class Buoy(Kind, frozen=True):
    """Placed, with a counter of its own."""

    hits: Counter
    x: float
    y: float


class Note(Kind, frozen=True):
    """Without a place."""

    text: str


WORLD = world_name("bay")
CELL_SIZE = 10.0
SCHEMA = Schema([Boat, Buoy, Note], CELL_SIZE)
FIRST_SECOND = 1_800_000_000
NOW_MS = FIRST_SECOND * 1000

Rule = Callable[[Transaction], Rejection | None]


def model_store(now_us: Callable[[], int] = lambda: FIRST_SECOND * 1_000_000) -> ModelStore:
    """A model store with numbered epochs."""
    epochs = itertools.count(1)
    return ModelStore(now_us, lambda: f"epoch-{next(epochs)}")


def memory_server() -> MemoryServer:
    """A memory server on Trio's clock."""
    return MemoryServer(model_store(lambda: round((FIRST_SECOND + trio.current_time()) * 1_000_000)))


def clock_ms() -> int:
    """The rules' clock in trio tests."""
    return round((FIRST_SECOND + trio.current_time()) * 1000)


async def until(condition: Callable[[], object]) -> None:
    """Waits, on the virtual clock, until something holds."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event, and the clock jumps
        await trio.sleep(0.01)


def put_boat(gold: float = 0, x: float = 0, y: float = 0, name: str = "") -> Rule:
    """A rule that creates a boat."""

    def rule(tx: Transaction) -> None:
        tx.create(Boat(gold, x, y, name))

    return rule


def job(rule: Rule, outcomes: list[Outcome] | None = None, *, strict: bool = False) -> Job:
    """A job that belongs to no session; its outcome is appended to ``outcomes``."""
    return Job(rule, ([] if outcomes is None else outcomes).append, strict=strict)


def command(writer: SessionWriter, seq: int, rule: Rule, outcomes: list[Outcome], *, strict: bool = False) -> Job:
    """Command ``seq`` of a session."""
    return Job(rule, outcomes.append, writer, advance_to(seq), seq, strict=strict)


def writer(name: str = "s1", head: SessionHead | None = None) -> SessionWriter:
    """A right to write for a session."""
    return SessionWriter(session_id(name), head)


@attrs.define(eq=False)
class Bench:
    """A node without tasks: one writer of a model store, and its replica."""

    model: ModelStore = attrs.field(factory=model_store)
    world: WorldName = WORLD
    replica: Replica = attrs.field(factory=lambda: Replica(SCHEMA))
    ids: IdSource = attrs.field(factory=IdSource)
    tags: TagMaker = attrs.field(init=False)
    incarnation: int = attrs.field(init=False)
    number: int = 0

    def __attrs_post_init__(self) -> None:
        attachment = self.model.attach(self.world, self.replica.schema.fingerprint, 100)
        self.incarnation = attachment.incarnation
        self.tags = TagMaker(attachment.incarnation)
        self.ids.refill(attachment.ids.first, attachment.ids.end)
        self.replica.load(self.model.snapshot(self.world))

    @property
    def stored(self) -> ModelWorld:
        """The world in the store."""
        return self.model.worlds[self.world]

    def board(self, *jobs: Job, max_bytes: int = 1 << 20) -> Flight:
        """Runs jobs into a flight."""
        return Boarding(Overlay(self.replica), self.tags, self.ids, NOW_MS, max_bytes).board(list(jobs))

    def commit(self, flight: Flight) -> CommitReply:
        """Sends a flight; the replica does not learn of it yet."""
        batch = assemble(flight, self.incarnation, self.number + 1, self.replica.epoch, 1000)
        reply, _ = self.model.commit(self.world, batch)
        self.number += 1
        return reply

    def catch_up(self) -> None:
        """Applies what the log has and the replica has not."""
        for payload in self.model.log_after(self.world, self.replica.version, 10_000):
            self.replica.apply(decode_delta(payload))

    def run(self, *rules: Rule) -> CommitReply:
        """Runs, commits and applies."""
        reply = self.commit(self.board(*map(job, rules)))
        self.catch_up()
        return reply

    def create(self, value: Kind) -> EntityId:
        """A new entity, committed and applied."""
        made: list[EntityId] = []
        self.run(lambda tx: made.append(tx.create(value)))
        return made[0]

    def transaction(self) -> Transaction:
        """A transaction on the replica as it is."""
        return Transaction(Overlay(self.replica), self.tags.make(), NOW_MS, self.ids)

    def tag_of(self, entity_id: EntityId) -> Tag:
        """The stored tag of an entity."""
        return Tag(self.stored.state[str(entity_id)][:8])


def verify_same(replica: Replica, stored: ModelWorld) -> None:
    """Fails unless a replica equals the stored world: contents, tags, cells, position."""
    assert (replica.epoch, replica.version, replica.stamp) == (stored.epoch, stored.version, stored.stamp)
    held = {str(id_): entity.tag + replica.schema.encode(entity.value) for id_, entity in replica.entities.items()}
    assert held == stored.state
    assert {str(cell): tag for cell, tag in replica.cell_tags.items()} == stored.cells
    members = {cell: set(here) for cell, here in replica.cells.items() if here}
    expected: dict[int, set[EntityId]] = {}
    for entity in replica.entities.values():
        assert entity.cell == replica.schema.cell_of(entity.value)
        expected.setdefault(entity.cell, set()).add(entity.id)
    assert members == expected
