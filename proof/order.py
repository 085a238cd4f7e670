"""What the log says of commands against what players were told: exactly once, in order, and in real time. Pure.

Each check takes one pass over the log and one over the diary. Invariant: a log that a correct store wrote, with the
answers that correct nodes gave, has no flaw; answers that were lost on the way accuse nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from client_bot.diary import Entry
from proof.flaw import Flaw, Place
from proof.state import WorldState
from shared_state.delta import Delta

Command = tuple[str, int]


def chain_flaws(begin: WorldState, log: Sequence[Delta], end: WorldState) -> Iterator[Flaw]:
    """Versions rise by one, each builds on the stamp of the one before, all are of one history, up to the end."""
    epoch, version, stamp = begin.epoch or (log[0].epoch if log else ""), begin.version, begin.stamp
    for delta in log:
        if delta.epoch != epoch:
            yield Flaw("broken log", f"history was lost: epoch {epoch} ends at version {version}")
        elif delta.version != version + 1:
            yield Flaw("broken log", f"version {delta.version} follows {version}")
        elif delta.previous != stamp:
            yield Flaw("broken log", f"version {delta.version} does not build on {version} as logged")
        epoch, version, stamp = delta.epoch, delta.version, delta.stamp
    if (epoch, version) != (end.epoch, end.version):
        yield Flaw(
            "broken log", f"the log ends at version {version} of {epoch}, the store at {end.version} of {end.epoch}"
        )


def commands_of(log: Sequence[Place]) -> tuple[dict[Command, Place], list[Flaw]]:
    """Where each command stands; flaws: those that stand twice, or after a later one of their session."""
    found: dict[Command, Place] = {}
    last: dict[str, Place] = {}
    flaws = []
    for place in log:
        session, seq = place.record.session, place.record.seq
        if not session or not seq:
            continue
        twin, previous = found.get((session, seq)), last.get(session)
        if twin is not None:
            text = f"command {seq} of session {session} took effect twice"
            flaws.append(Flaw("doubled", text, (str(twin), str(place))))
        elif previous is not None and previous.record.seq > seq:
            text = f"session {session}: command {seq} took effect after command {previous.record.seq}"
            flaws.append(Flaw("out of order", text, (str(previous), str(place))))
        found.setdefault((session, seq), place)
        last[session] = place
    return found, flaws


def fence_flaws(log: Sequence[Place]) -> Iterator[Flaw]:
    """Once a lease was given anew, nothing was done under an earlier token of it."""
    newest: dict[str, tuple[int, Place]] = {}
    for place in log:
        for lease, text in (place.cause.leases if place.cause else {}).items():
            token = int(text)
            highest, holder = newest.get(lease, (token, place))
            if token < highest:
                said = f"lease {lease} had been given to another when this was done under it"
                yield Flaw("fence", said, (str(holder), str(place)))
            elif token > highest or lease not in newest:
                newest[lease] = token, place


def answer_flaws(found: dict[Command, Place], diary: Sequence[Entry], begin: int) -> Iterator[Flaw]:
    """What was acknowledged after version ``begin`` stands where the answer says; what was refused stands nowhere."""
    for entry in diary:
        place = found.get((entry.session, entry.seq))
        told = f"{entry.command} #{entry.seq} of session {entry.session}, answered by {entry.node}"
        if entry.code and place is not None:
            yield Flaw("doubled", f"{told} with {entry.code!r}, took effect nevertheless", (str(place),))
        elif not entry.code and place is None and entry.version > begin:
            yield Flaw("lost", f"{told} as version {entry.version}, is not in the log")
        elif not entry.code and place is not None and not _agrees(entry, place):
            yield Flaw("lost", f"{told} as version {entry.version}, stands elsewhere in the log", (str(place),))


def _agrees(entry: Entry, place: Place) -> bool:
    if place.cause is None or place.cause.rule != entry.command:
        return False
    return place.version <= entry.version if entry.again else place.version == entry.version


def read_flaws(diary: Sequence[Entry]) -> Iterator[Flaw]:
    """No session's view went back, on whichever node, and each saw what it was told that it did."""
    last: dict[str, Entry] = {}
    for entry in sorted(diary, key=lambda entry: entry.answered_s):
        before = last.get(entry.session)
        if before is not None and before.epoch == entry.epoch and entry.seen < before.seen:
            text = (
                f"session {entry.session} saw version {before.seen} on {before.node}, then {entry.seen} on {entry.node}"
            )
            yield Flaw("stale read", text)
        elif not entry.code and entry.seen < entry.version:
            told = (
                f"{entry.command} #{entry.seq} of session {entry.session} was acknowledged as version {entry.version}"
            )
            yield Flaw("stale read", f"{told} while its view was at {entry.seen}")
        last[entry.session] = entry


def real_time_flaws(found: dict[Command, Place], diary: Sequence[Entry]) -> Iterator[Flaw]:
    """A command that was acknowledged before another was sent stands before it."""
    held = [(entry, found[entry.session, entry.seq]) for entry in diary if (entry.session, entry.seq) in found]
    answered = sorted(held, key=lambda pair: pair[0].answered_s)
    latest: Place | None = None
    next_answer = 0
    for entry, place in sorted(held, key=lambda pair: pair[0].sent_s):
        while answered[next_answer][0].answered_s < entry.sent_s:
            candidate = answered[next_answer][1]
            latest = candidate if latest is None or candidate.order > latest.order else latest
            next_answer += 1
        if latest is not None and place.order < latest.order:
            text = f"{entry.command} #{entry.seq} of session {entry.session} was sent after another was acknowledged"
            yield Flaw("out of order", f"{text}, and stands before it", (str(place), str(latest)))
