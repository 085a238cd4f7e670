"""An honest run has no flaw; each way of tampering with what was logged or told is found, and named."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import msgspec
import pytest

from client_bot.diary import Entry
from proof.flaw import Flaw, Place, places
from proof.recording import Recording
from proof.sights import SHOWN
from proof.state import replica_of, state_of
from proof.verifier import verify
from server.games.flotsam import game
from server.games.flotsam.world import Ledger
from shared_state.delta import Delta, Record, Write, decode_delta, encode_delta
from tests.unit.proof.played import honest

replace = msgspec.structs.replace


def log_of(recording: Recording) -> list[Delta]:
    """The log, decoded."""
    return [decode_delta(payload) for payload in recording.log]


def with_log(log: list[Delta]) -> Recording:
    """The honest run with another log."""
    return attrs.evolve(honest(), log=[encode_delta(delta) for delta in log])


def with_records(version: int, records: list[Record]) -> Recording:
    """The honest run, of which one version has other records."""
    log = log_of(honest())
    log[version - 1] = replace(log[version - 1], records=records)
    return with_log(log)


def with_entry(old: Entry, **changes: object) -> Recording:
    """The honest run, of which one answer was another."""
    diary = honest().diary
    entries = [replace(entry, **changes) if entry is old else entry for entry in diary.entries]
    return attrs.evolve(honest(), diary=attrs.evolve(diary, entries=entries))


def find(condition: Callable[[Place], bool], nth: int = 0) -> Place:
    """A record of the honest log."""
    return [place for place in places(log_of(honest())) if condition(place)][nth]


def is_commit(place: Place) -> bool:
    """A player's command."""
    return place.record.seq > 0


def flaws_of(recording: Recording) -> dict[str, list[Flaw]]:
    """What the verifier finds, by kind."""
    found: dict[str, list[Flaw]] = {}
    for flaw in verify(recording, game).flaws:
        found.setdefault(flaw.what, []).append(flaw)
    return found


def test_an_honest_run_has_no_flaw() -> None:
    """All was checked, and all of it holds."""
    findings = verify(honest(), game)
    assert findings.flaws == []
    assert findings.versions == len(honest().log) > 100
    assert findings.replayed > 300
    assert findings.invariants == {invariant.name: 0 for invariant in game.invariants}
    assert len(honest().diary.entries) > 300
    assert len(honest().diary.views) == 6


def test_a_log_that_begins_late_is_verified_from_there() -> None:
    """From a snapshot in the middle on, the rest holds; answers from before it accuse nobody."""
    log = log_of(honest())
    replica = replica_of(honest().begin, game)
    replica.epoch = log[0].epoch
    for delta in log[:50]:
        replica.apply(delta)
    late = attrs.evolve(honest(), begin=state_of(replica, "harbour"), log=honest().log[50:])
    assert verify(late, game).flaws == []


def test_a_doubled_record_is_found() -> None:
    """A command that took effect twice is named, with both places."""
    place = find(is_commit, 40)
    later = log_of(honest())[place.version]
    flaws = flaws_of(with_records(later.version, [*later.records, place.record]))
    assert f"command {place.record.seq} of session {place.record.session} took effect twice" in flaws["doubled"][0].text
    assert len(flaws["doubled"][0].excerpt) == 2


def test_a_missing_record_is_found() -> None:
    """A command that was acknowledged and is not logged is lost."""
    place = find(is_commit, 60)
    rest = [record for record in log_of(honest())[place.version - 1].records if record != place.record]
    flaws = flaws_of(with_records(place.version, rest))
    assert f"#{place.record.seq} of session {place.record.session}" in flaws["lost"][0].text


def test_a_swapped_order_is_found() -> None:
    """Two commands of a session in the wrong order are named, though each stands once."""
    session = find(is_commit).record.session
    first, second = (find(lambda p: is_commit(p) and p.record.session == session, nth) for nth in (5, 6))
    log = log_of(honest())
    swap = {first.record.seq: second.record, second.record.seq: first.record}
    for place in (first, second):
        records = log[place.version - 1].records
        others = [swap.get(r.seq, r) if r.session == session else r for r in records]
        log[place.version - 1] = replace(log[place.version - 1], records=others)
    flaws = flaws_of(with_log(log))
    assert f"command {first.record.seq} took effect after command {second.record.seq}" in flaws["out of order"][0].text


def test_a_changed_write_is_found() -> None:
    """A write that the rule does not make is not serial, and the entity is named."""
    place = find(lambda p: is_commit(p) and len(p.record.writes) == 1, 30)
    (write,) = place.record.writes
    assert write.blob is not None
    schema = game.schema()
    other = replace(schema.decode(write.blob), x=1)
    changed = replace(place.record, writes=[Write(write.id, schema.encode(other))])
    records = [changed if r == place.record else r for r in log_of(honest())[place.version - 1].records]
    flaws = flaws_of(with_records(place.version, records))
    assert f"its rule does otherwise: entities {write.id}" in flaws["not serial"][0].text
    assert f"version {place.version}." in flaws["not serial"][0].excerpt[0]


def test_a_rule_that_would_make_more_than_it_made_is_found() -> None:
    """What cannot be run again because it wants an entity that the log does not have is a finding, no error."""
    place = find(lambda p: p.deed == "every tide" and len(p.record.writes) > 5)
    changed = replace(place.record, writes=[])
    records = [changed if r == place.record else r for r in log_of(honest())[place.version - 1].records]
    assert "no entity ids" in flaws_of(with_records(place.version, records))["not serial"][0].text


def test_a_changed_event_is_found() -> None:
    """What was heard is part of what a rule does."""
    place = find(lambda p: bool(p.record.events))
    records = [replace(r, events=[]) if r == place.record else r for r in log_of(honest())[place.version - 1].records]
    assert "its events" in flaws_of(with_records(place.version, records))["not serial"][0].text


def test_a_record_that_does_not_say_why_is_found() -> None:
    """What cannot be run again is no evidence."""
    place = find(is_commit, 10)
    records = [replace(r, cause=b"") if r == place.record else r for r in log_of(honest())[place.version - 1].records]
    assert "does not say why" in flaws_of(with_records(place.version, records))["unreadable"][0].text


def test_a_stale_view_is_found() -> None:
    """A view that holds what was before, and says that it is new, is named with its cells."""
    diary = honest().diary
    view = diary.views[0]
    wrong = replace(view, cells={**view.cells, min(view.cells): 12345})
    flaws = flaws_of(attrs.evolve(honest(), diary=attrs.evolve(diary, views=[wrong, *diary.views[1:]])))
    assert f"{view.bot} on {view.node} held at version {view.version}" in flaws["view"][0].text
    flaws = flaws_of(attrs.evolve(honest(), diary=attrs.evolve(diary, views=[wrong, *diary.views])))
    assert flaws == {}, "another look found it right: it was copied in the middle of a flush"
    future = replace(view, version=view.version + 1000)
    flaws = flaws_of(attrs.evolve(honest(), diary=attrs.evolve(diary, views=[future])))
    assert "what never was" in flaws["view"][0].text
    earlier = replace(view, is_whole=True)
    flaws = flaws_of(attrs.evolve(honest(), diary=attrs.evolve(diary, views=[earlier, wrong])))
    assert len(flaws["view"]) == 1, "that it was right before is no excuse for what it holds at the end"
    whole = replace(wrong, is_whole=True)
    flaws = flaws_of(attrs.evolve(honest(), diary=attrs.evolve(diary, views=[whole, *diary.views])))
    assert len(flaws["view"]) == 1, "a view that is whole has no excuse"


def test_a_broken_invariant_is_found_at_every_version() -> None:
    """Gold out of nothing: the invariant's own words, and at how many versions."""
    log = [replace(delta, records=[minting(record) for record in delta.records]) for delta in log_of(honest())]
    findings = verify(with_log(log), game)
    told = [flaw for flaw in findings.flaws if flaw.what == "invariant" and "gold_conserved" in flaw.text]
    assert "minted" in told[0].text
    assert len(told) == SHOWN < findings.invariants["gold_conserved"]


def minting(record: Record) -> Record:
    """The record, in which the ledger says more than there is."""
    return replace(record, writes=[Write(write.id, minted(write.blob)) for write in record.writes])


def minted(blob: bytes | None) -> bytes | None:
    """The content; more gold, if it is the ledger's."""
    value = game.schema().decode(blob) if blob else None
    return game.schema().encode(replace(value, gold=value.gold + 7)) if isinstance(value, Ledger) else blob


@pytest.mark.parametrize(
    ("tamper", "text"),
    [
        (lambda log: log[:20] + log[21:], "version 22 follows 20"),
        (lambda log: log[:-1], "the log ends at version"),
        (lambda log: [*log[:20], replace(log[20], previous=b"12345678"), *log[21:]], "does not build on 20"),
        (lambda log: log[:20] + [replace(delta, epoch="other") for delta in log[20:]], "history was lost"),
    ],
    ids=["missing version", "missing end", "another chain", "another history"],
)
def test_a_broken_log_is_found(tamper: Callable[[list[Delta]], list[Delta]], text: str) -> None:
    """Holes, forks and lost history are told."""
    assert any(text in flaw.text for flaw in flaws_of(with_log(tamper(log_of(honest()))))["broken log"])


def test_a_store_that_holds_something_else_is_found() -> None:
    """The state at the end must be what the log gives."""
    end = honest().end
    some = min(end.entities)
    other = replace(end, entities={id_: blob for id_, blob in end.entities.items() if id_ != some})
    assert flaws_of(attrs.evolve(honest(), end=other))["state"][0].text.endswith(f"in entities {some}")


def test_answers_that_the_log_does_not_bear_out_are_found() -> None:
    """Another version, another command, and a refusal of what took effect."""
    entry = next(entry for entry in honest().diary.entries[50:] if not entry.code)
    assert "stands elsewhere" in flaws_of(with_entry(entry, version=entry.version - 1))["lost"][0].text
    assert "stands elsewhere" in flaws_of(with_entry(entry, command="teleport"))["lost"][0].text
    assert "took effect nevertheless" in flaws_of(with_entry(entry, code="busy"))["doubled"][0].text
    resumed = with_entry(entry, version=entry.version + 1, seen=entry.version + 1, again=True)
    assert "lost" not in flaws_of(resumed), "after a resume, an answer names a version at or after the commit"


def test_views_that_went_back_are_found() -> None:
    """A session sees versions rise, and sees what it is told that it did."""
    entries = [entry for entry in honest().diary.entries if not entry.code]
    assert (
        "while its view was at" in flaws_of(with_entry(entries[9], seen=entries[9].version - 1))["stale read"][0].text
    )
    ahead = with_entry(entries[9], seen=entries[9].seen + 1000)
    assert f"saw version {entries[9].seen + 1000} on" in flaws_of(ahead)["stale read"][0].text


def test_an_order_against_real_time_is_found() -> None:
    """What was acknowledged before another command was sent must stand before it."""
    late = max((e for e in honest().diary.entries if not e.code), key=lambda e: e.version)
    flaws = flaws_of(with_entry(late, sent_s=0.0, answered_s=0.1))
    assert "was sent after another was acknowledged, and stands before it" in flaws["out of order"][0].text


def test_a_write_under_a_lost_lease_is_found() -> None:
    """An earlier token of a lease after a later one is told, with both places."""
    place = find(lambda p: p.cause is not None and "leader" in p.cause.leases, -1)
    assert place.cause is not None
    older = replace(place.cause, leases={"leader": str(int(place.cause.leases["leader"]) - 1)})
    late = replace(place.record, cause=msgspec.msgpack.encode(older))
    records = [late if r == place.record else r for r in log_of(honest())[place.version - 1].records]
    (flaw,) = flaws_of(with_records(place.version, records))["fence"]
    assert "lease leader had been given to another" in flaw.text
    assert len(flaw.excerpt) == 2


def test_bytes_that_are_no_log_are_told() -> None:
    """A damaged log is a finding, not an error."""
    assert list(flaws_of(attrs.evolve(honest(), log=[b"?"]))) == ["unreadable"]
