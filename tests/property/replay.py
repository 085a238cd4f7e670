"""The oracle: runs committed rules one at a time, in log order, on a world of its own, and compares.

It shares nothing with the system but the rule engine and the model of one commit: if the log is a serial order, every
rule must do the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import msgspec

from server.game import Game
from server.session.cause import read_cause
from server.session.replay import rule_again
from shared_state.batch import COMMITTED
from shared_state.delta import Delta, Record, decode_delta
from shared_state.entity import Tag
from shared_state.flight import Boarding, Flight
from shared_state.names import SessionId
from shared_state.outcome import Committed, Rejected, Rejection
from shared_state.overlay import Overlay
from shared_state.store_model import ModelWorld
from shared_state.transaction import IdSource, Transaction
from tests.unit.shared_state.small_world import NOW_MS, Bench, Job

Rule = Callable[[Transaction], Rejection | None]


def rule_of_game(of: Game) -> Callable[[Record], Rule]:
    """From a record to the game's rule behind it; one without a cause changed a session's row alone."""

    def rule_of(record: Record) -> Rule:
        if not record.cause:
            return lambda _tx: None
        return rule_again(of, SessionId(record.session), read_cause(record.cause))

    return rule_of


def time_of(record: Record) -> int:
    """The time that the rule of a record saw, in milliseconds."""
    return read_cause(record.cause).now_ms if record.cause else 0


class _OneTag:
    """Makes the tag that the record has."""

    def __init__(self, tag: Tag) -> None:
        self._tag = tag

    def make(self) -> Tag:
        """The tag, again."""
        return self._tag


@attrs.define(eq=False)
class Replay:
    """A serial run of a log.

    Args:
        rule_of: the rule behind a record.
        now_ms: the time that it saw.
        refusals: refusals by rule that must be explained by some state of the version they name.
    """

    rule_of: Callable[[Record], Rule]
    now_ms: Callable[[Record], int] = lambda _: NOW_MS
    refusals: list[tuple[Rule, Rejected]] = attrs.field(factory=list)
    bench: Bench = attrs.field(factory=Bench)

    def verify(self, log: Iterable[bytes], stored: ModelWorld) -> None:
        """Fails unless the log, run rule by rule, gives the stored world."""
        self._explain(0)
        for delta in map(decode_delta, log):
            self._explain(delta.version)
            self._run_version(delta)
        assert self.refusals == [], "a refusal that no state of its version explains"
        ours = self.bench.stored
        assert {id_: raw[8:] for id_, raw in ours.state.items()} == {id_: raw[8:] for id_, raw in stored.state.items()}
        assert ours.cells == stored.cells
        for id_, raw in stored.state.items():
            assert int.from_bytes(raw[:8], "big") & (1 << 63) - 1 == int.from_bytes(ours.state[id_][:8], "big")

    def _run_version(self, delta: Delta) -> None:
        for record in delta.records:
            again = self._run(record)
            assert (again.writes, again.events) == (record.writes, record.events)
            assert [(added.id, added.blob) for added in again.added] == [(a.id, a.blob) for a in record.added]
            self._explain(delta.version)
        self._explain(delta.version)

    def _run(self, record: Record) -> Record:
        ids = IdSource()
        for write in record.writes:
            if str(write.id) not in self.bench.stored.state:
                ids.refill(write.id, write.id + 1)
        again = Job(self.rule_of(record), lambda _: None, cause=record.cause)
        maker = _OneTag(Tag(record.tag))
        flight: Flight = Boarding(Overlay(self.bench.replica), maker, ids, self.now_ms(record), 1 << 20).board([again])  # type: ignore[arg-type]
        if [type(outcome) for _, outcome in flight.answers] == [Committed]:
            # A session's row changed and nothing else: run without its session, the rule has nothing to commit.
            return msgspec.structs.replace(record, writes=[], events=[], added=[])
        refusals = [outcome for _, outcome in flight.answers]
        assert flight.ops, f"{record.session} {record.seq} committed, and refuses in log order: {refusals}"
        before = self.bench.stored.version
        assert self.bench.commit(flight).codes == COMMITTED
        self.bench.catch_up()
        return decode_delta(self.bench.model.log_after(self.bench.world, before, 1)[0]).records[0]

    def _explain(self, version: int) -> None:
        """Drops the refusals of this version that the present state explains."""
        self.refusals = [
            (rule, outcome)
            for rule, outcome in self.refusals
            if outcome.version != version or self._refuses(rule) != outcome.rejection
        ]

    def _refuses(self, rule: Rule) -> Rejection | None:
        ids = IdSource()
        ids.refill(1 << 40, 1 << 41)
        return rule(Transaction(Overlay(self.bench.replica), Tag(b"\x01" * 8), NOW_MS, ids))
