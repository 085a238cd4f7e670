"""Does the log bear out what players were told, and do its rules, run again, give the world that the store holds?

Time is linear in the log (times the world's size for invariants). Pure. Invariant: no flaw means that every check of
the list in ``verify`` was made; what could not be checked is a flaw too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import attrs

from proof.flaw import Flaw, Place, places
from proof.order import (
    answer_flaws,
    chain_flaws,
    commands_of,
    fence_flaws,
    read_flaws,
    real_time_flaws,
)
from proof.recording import Recording
from proof.replay import Replay
from proof.sights import Invariants, Views
from proof.state import WorldState, replica_of, state_of
from server.game import Game
from shared_state.delta import Delta, decode_delta
from shared_state.errors import UndecodableDelta
from shared_state.replica import Replica


@attrs.frozen
class Findings:
    """What a verification found. ``replayed``: records whose rules were run again. ``invariants``: broken versions."""

    flaws: list[Flaw]
    versions: int = 0
    replayed: int = 0
    invariants: dict[str, int] = attrs.field(factory=dict)

    def count(self, *whats: str) -> int:
        """How many flaws are of these kinds."""
        return sum(flaw.what in whats for flaw in self.flaws)


def verify(recording: Recording, game: Game) -> Findings:
    """Checks the whole of it.

    That is: an unbroken log; exactly once; order within sessions; real time; leases; monotonic reads; every rule run
    again; invariants at every version; the views of bots; the state at the end.
    """
    try:
        return _verify(recording, [decode_delta(payload) for payload in recording.log], game)
    except UndecodableDelta as error:
        return Findings([Flaw("unreadable", f"the evidence cannot be read: {error}")])


def _verify(recording: Recording, log: list[Delta], game: Game) -> Findings:
    records = list(places(log))
    replica = replica_of(recording.begin, game)
    invariants, views = Invariants(game), Views(game)
    views.expect(recording.diary.views)

    def look(at: Replica) -> Iterator[Flaw]:
        return chain(views.look(at), invariants.look(at))

    flaws = [*_order_flaws(recording, log, records), *views.look(replica)]
    flaws += Replay(game, replica, look).run(log)
    flaws += chain(views.flaws(), _state_flaws(replica, recording.end))
    return Findings(flaws, len(log), sum(place.cause is not None for place in records), invariants.counts)


def _order_flaws(recording: Recording, log: list[Delta], records: list[Place]) -> Iterator[Flaw]:
    entries, begin = recording.diary.entries, recording.begin
    yield from chain_flaws(begin, log, recording.end)
    found, flaws = commands_of(records)
    yield from flaws
    yield from fence_flaws(records)
    yield from answer_flaws(found, entries, begin.version)
    yield from read_flaws(entries)
    yield from real_time_flaws(found, entries)


def _state_flaws(replica: Replica, end: WorldState) -> Iterator[Flaw]:
    """The store holds what its log says; a log that ends elsewhere was told of before."""
    logged = state_of(replica, end.world)
    if (logged.epoch, logged.version) != (end.epoch, end.version):
        return
    both = logged.entities.keys() | end.entities.keys()
    ids = sorted(id_ for id_ in both if logged.entities.get(id_) != end.entities.get(id_))
    if ids:
        yield Flaw("state", f"the store differs from its log in entities {', '.join(map(str, ids))}")
