"""Judges a life by its evidence. Each check is one promise; it tells what is wrong, as text.

What a rollback took away may be missing, nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from server.interest.changes import cell_content, content_digest
from server.session.cause import read_cause
from shared_state.replica import Replica
from shared_state.session_row import unpack_row
from tests.property.replay import Replay, rule_of_game, time_of
from tests.simulation.books import Removal
from tests.simulation.cluster import Cluster
from tests.simulation.counting_house import game
from tests.simulation.evidence import Evidence
from tests.simulation.node import BEATS_LAST_S, GRACE_S, WORLD
from tests.simulation.player import Order
from tests.simulation.weather import LONGEST_SPIKE_S
from tests.unit.shared_state.small_world import Bench, verify_same

REMOVAL_LASTS_S = LONGEST_SPIKE_S + 4.0
"""How long the removal of a session may be under way, from the last look at who lives to its commit."""


def faults(cluster: Cluster) -> list[str]:
    """All that is wrong with a life; empty: nothing."""
    evidence = Evidence(cluster)
    return [f"{check.__name__}: {text}" for check in CHECKS for text in check(evidence)]


def everybody_is_served(evidence: Evidence) -> Iterator[str]:
    """When the storm is over, every player gets in and gets all answers."""
    if not evidence.cluster.settled:
        for player in evidence.cluster.players:
            if not player.is_settled:
                yield f"{player.name} is {player.bot.state.name}, waits for {list(player.bot.in_flight.waiting)}"
    for player in evidence.cluster.players:
        yield from (f"told not to come back: {end}" for end in player.turned_out)


def exactly_once(evidence: Evidence) -> Iterator[str]:
    """What was acknowledged stands once, at its version; what was refused stands not; what is not known, not or once.

    What was refused in a history that is lost may stand in the one that remains: a resume is lost with it, and who had
    the command queued before may go on (decision 0041).
    """
    exact = not evidence.cluster.rollbacks
    for key, order in evidence.orders.items():
        found = evidence.stands.get(key, [])
        if len(found) > 1:
            yield f"{key} took effect {len(found)} times, at {found}"
        if order.ack is None:
            continue
        if order.ack.code and found and exact:
            yield f"{key} was told {order.ack.code!r}, and took effect"
        if not order.ack.code and not found and key not in evidence.lost:
            yield f"{key} was acknowledged, and stands nowhere"
        if not order.ack.code and found and exact and not order.resent and found[0] != order.ack.version:
            yield f"{key} was acknowledged at {order.ack.version}, and stands at {found[0]}"
    for player in evidence.cluster.players:
        doubled = sum(bot.tally.doubled for bot in player.bots)
        if doubled:
            yield f"{player.name} got {doubled} answers twice"


def only_what_was_sent(evidence: Evidence) -> Iterator[str]:
    """Every command in the log was sent by a player; those of a session stand in rising order."""
    last: dict[str, int] = defaultdict(int)
    for delta in evidence.deltas:
        for record in delta.records:
            if not record.seq:
                continue
            order = evidence.orders.get((record.session, record.seq))
            if order is None:
                yield f"nobody sent {record.session} {record.seq}"
            elif not _is_cause(record.cause, order):
                yield f"{record.session} {record.seq} is not the command that was sent"
            if record.seq <= last[record.session]:
                yield f"{record.session}: {record.seq} after {last[record.session]}"
            last[record.session] = record.seq


def real_time(evidence: Evidence) -> Iterator[str]:
    """What was acknowledged before another command was sent stands before it; where it was acknowledged, that is."""
    standing = [(o, evidence.stands[key][0]) for key, o in evidence.orders.items() if key in evidence.stands]
    sure = [
        (o, at) for o, at in standing if o.ack is not None and (o.ack.version == at or not evidence.cluster.rollbacks)
    ]
    told = sorted(((o.told_at, at) for o, at in sure), reverse=True)
    newest = 0
    for order, at in sorted(standing, key=lambda item: item[0].sent_at):
        while told and told[-1][0] < order.sent_at:
            newest = max(newest, told.pop()[1])
        if at <= newest:
            yield f"{order.session} {order.seq} stands at {at}, sent after {newest} was acknowledged"


def versions_follow_on(evidence: Evidence) -> Iterator[str]:
    """One history: versions without a hole, each on the stamp of the one before."""
    stamp = bytes(8)
    for place, delta in enumerate(evidence.deltas, 1):
        if delta.version != place or delta.previous != stamp:
            yield f"version {delta.version} stands at place {place}, on {delta.previous.hex()}"
        stamp = delta.stamp


def invariants_at_every_version(evidence: Evidence) -> Iterator[str]:
    """The game's invariants hold after each delta."""
    replica = Replica(game.schema())
    for delta in evidence.deltas:
        replica.apply(delta)
        for name, wrong in game.broken(replica.values):
            yield f"{name} at version {delta.version}: {wrong}"


def replay_gives_the_same(evidence: Evidence) -> Iterator[str]:
    """The rules, run again one by one in log order, write the same, and end in the store's state."""
    replay = Replay(rule_of_game(game), time_of, bench=Bench(replica=Replica(game.schema())))
    store = evidence.cluster.store
    try:
        replay.verify(store.history, store.worlds[WORLD])
    except AssertionError as error:
        yield str(error)[:500] or "the replay differs"


def replicas_equal_the_store(evidence: Evidence) -> Iterator[str]:
    """Every node has what the store has, tags and all."""
    for node in evidence.cluster.nodes:
        if node.host is None:
            yield f"{node.owner} has no world"
            continue
        try:
            verify_same(node.host.world.replica, evidence.cluster.store.worlds[WORLD])
        except AssertionError as error:
            yield f"{node.owner}: {str(error)[:500]}"


def views_equal_the_store(evidence: Evidence) -> Iterator[str]:
    """Every player sees what the store has, and saw nothing that did not fit.

    For one who comes to a node that has not noticed a rollback yet, versions may go back; or, if its version is by
    chance the node's, a change or a digest tells that it is another history's (decision 0041).
    """
    excused = ("goes back", "digest is", "was not held") if evidence.cluster.rollbacks else ()
    replica = Replica(game.schema())
    replica.load(evidence.cluster.store.snapshot(WORLD))
    for player in evidence.cluster.players:
        findings = [found for bot in player.bots for found in bot.findings.first]
        yield from (f"{player.name}: {found}" for found in findings if not any(text in found.text for text in excused))
        if any(bot.tally.stale_acks for bot in player.bots):
            yield f"{player.name} was told of a command before it saw what the command did"
        mirror = player.bot.mirror
        for cell, members in replica.cells.items():
            if mirror is None or (members and cell not in mirror.cells):
                yield f"{player.name} does not see cell {cell}"
            elif members and mirror.digest(cell) != content_digest(cell_content(replica, cell, frozenset())):
                yield f"{player.name} sees something else in cell {cell}"


def nobody_is_a_ghost(evidence: Evidence) -> Iterator[str]:
    """Those who play have a session and a purse; nobody else has."""
    rows = evidence.cluster.store.session_rows(WORLD)
    playing = {player.bot.welcome.session for player in evidence.cluster.players if player.bot.welcome}
    if set(rows) != playing:
        yield f"sessions {sorted(set(rows) ^ playing)} play without a row, or the other way round"
    avatars = {unpack_row(row)[1].entity for row in rows.values()}
    purses = {player.bot.avatar for player in evidence.cluster.players}
    if avatars != purses:
        yield f"avatars {sorted(avatars ^ purses)} without a session, or the other way round"


def nobody_alive_is_expired(evidence: Evidence) -> Iterator[str]:
    """A session that did not leave ends only when nobody served it for the grace period."""
    for removal in evidence.cluster.store.row_book.removals:
        if removal.session in evidence.left:
            continue
        if removal.at_s - removal.row.since_s < GRACE_S:
            yield f"{removal.session} was removed, {removal.at_s - removal.row.since_s:.3f} s after its row changed"
        if not _was_absent(removal, evidence.cluster):
            yield f"{removal.session} was removed at {removal.at_s:.3f}, and a living node served it"


def leases_fence(evidence: Evidence) -> Iterator[str]:
    """No write under a lease that was lost, no two owners, nothing renewed or released by who had lost it."""
    yield from evidence.cluster.store.breaches


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    everybody_is_served,
    exactly_once,
    only_what_was_sent,
    real_time,
    versions_follow_on,
    invariants_at_every_version,
    replay_gives_the_same,
    replicas_equal_the_store,
    views_equal_the_store,
    nobody_is_a_ghost,
    nobody_alive_is_expired,
    leases_fence,
)


def _is_cause(data: bytes, order: Order) -> bool:
    """Whether a record's cause is what a player asked for."""
    cause = read_cause(data)
    sent = msgspec.msgpack.decode(order.args, type=game.commands[order.command].type)
    return (cause.what, cause.rule, cause.args) == ("do", order.command, list(msgspec.structs.astuple(sent)))


def _was_absent(removal: Removal, cluster: Cluster) -> bool:
    """Whether the row said so, or its node was not heard of shortly before."""
    tail = unpack_row(removal.row.content)[1]
    beats = [at_s for at_s in cluster.beats.get(tail.node, []) if at_s < removal.at_s]
    silences = pairwise([*beats, removal.at_s])
    return (
        bool(tail.away_since_ms)
        or any(
            until_s - since_s >= BEATS_LAST_S and until_s >= removal.at_s - REMOVAL_LASTS_S
            for since_s, until_s in silences
        )
        or not beats
    )
