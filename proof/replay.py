"""Runs every rule of a log again, in log order, on a world of its own, and compares what it does. Pure.

It shares with the nodes the game's rules and the way a replica takes a delta, and nothing of how commits are made: no
batches, no tags to compare, no store. If the log is a serial order, every rule does the same again; if two commits
were torn into each other, one of them cannot. On the way, the world is looked at as of every version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs
import msgspec

from proof.flaw import Flaw, Place, places
from server.game import Game, Transaction
from server.session.cause import Cause, UnreadableCause
from server.session.replay import rule_again
from shared_state.delta import Delta, EventOut, Record
from shared_state.entity import EntityId, Tag
from shared_state.names import SessionId
from shared_state.overlay import Overlay
from shared_state.replica import Replica
from shared_state.transaction import IdSource, NoSuchEntity, OutOfIds

Look: TypeAlias = Callable[[Replica], Iterator[Flaw]]


@attrs.frozen
class Effect:
    """What a record did, or would do again: contents by entity (None: deleted), events."""

    contents: dict[int, bytes | None]
    events: list[EventOut]


@attrs.define(eq=False)
class Replay:
    """A serial run of a log.

    Args:
        replica: the world before the log; then so far, as the log has it.
        look: asked at every version for what is wrong with the world.
    """

    game: Game
    replica: Replica
    look: Look

    def run(self, log: list[Delta]) -> Iterator[Flaw]:
        """Everything that is wrong, in log order. Raises: UndecodableDelta."""
        for delta in log:
            self.replica.epoch = delta.epoch
            for place in places([delta]):
                yield from self._compare(place)
                # One by one: each rule sees what those before it in the same commit wrote.
                self.replica.apply(Delta(delta.epoch, delta.version, b"", delta.stamp, [place.record]))
            self.replica.drain()
            yield from self.look(self.replica)

    def _compare(self, place: Place) -> Iterator[Flaw]:
        done = _effect_of(place.record)
        if place.cause is None:
            if place.record.cause or done.contents or done.events:
                yield Flaw("unreadable", "a record writes and does not say why", (str(place),))
            return
        try:
            again = self._run(place.record, place.cause)
        except (UnreadableCause, NoSuchEntity, OutOfIds) as error:
            yield Flaw("not serial", f"its rule cannot be run again: {error}", (str(place),))
            return
        if isinstance(again, str):
            yield Flaw("not serial", f"run again in log order, its rule refuses: {again}", (str(place),))
        elif again != done:
            text = f"run again in log order, its rule does otherwise: {_differ(done, again)}"
            yield Flaw("not serial", text, (str(place),))

    def _run(self, record: Record, cause: Cause) -> Effect | str:
        """What the rule does now; a text: it refuses. Raises: UnreadableCause, NoSuchEntity, OutOfIds."""
        ids = IdSource()
        for write in record.writes:
            if write.id not in self.replica.entities:
                ids.refill(write.id, write.id + 1)
        overlay = Overlay(self.replica)
        tx = Transaction(overlay, Tag(record.tag), cause.now_ms, ids)
        refusal = rule_again(self.game, SessionId(record.session), cause)(tx)
        if refusal is not None:
            return f"{refusal.code} {refusal.text}".rstrip()
        contents = {int(id_): None if value is None else blob for id_, (value, blob) in tx.writes.items()}
        for id_, additions in tx.adds.items():
            sums = Transaction(overlay, tx.tag, cause.now_ms, ids)
            sums.add_plainly(id_, additions)
            contents[int(id_)] = sums.writes[id_][1]
        return Effect(contents, _as_read(tx.events))


def _as_read(events: list[EventOut]) -> list[EventOut]:
    """Events as a reader of the log has them."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(events), type=list[EventOut])


def _effect_of(record: Record) -> Effect:
    contents: dict[int, bytes | None] = {write.id: write.blob for write in record.writes}
    contents.update({added.id: added.blob for added in record.added})
    return Effect(contents, record.events)


def _differ(done: Effect, again: Effect) -> str:
    ids = sorted(id_ for id_ in done.contents.keys() | again.contents.keys() if _unlike(done, again, EntityId(id_)))
    return f"entities {', '.join(map(str, ids))}" if ids else "its events"


def _unlike(done: Effect, again: Effect, id_: int) -> bool:
    return done.contents.get(id_, b"-") != again.contents.get(id_, b"-")
