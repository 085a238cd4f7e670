"""A life laid out for a judge: what was published, what players sent and were told, which rule made each record.

It trusts no node: everything comes from the watched store and the players.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

import attrs
import msgspec

from server.game import Actor, Rejection, Transaction
from server.session.stay import end_avatar
from shared_state.delta import Delta, Record, decode_delta
from shared_state.entity import EntityId
from shared_state.names import SessionId
from tests.property.replay import Rule
from tests.simulation.cluster import Cluster
from tests.simulation.counting_house import Purse, enter, game, issue
from tests.simulation.player import Order

Places = dict[tuple[str, int], list[int]]
"""The versions at which a command stands, by session and number."""


@attrs.define(eq=False)
class Evidence:
    """A life, laid out: deltas that stand, and where each command stands in them or stood in what was lost."""

    cluster: Cluster
    deltas: list[Delta] = attrs.field(init=False)
    stands: Places = attrs.field(init=False)
    lost: Places = attrs.field(init=False)
    orders: dict[tuple[str, int], Order] = attrs.field(factory=dict)
    actors: dict[str, Actor] = attrs.field(factory=dict)
    """Who entered, by session."""
    left: set[str] = attrs.field(factory=set)
    """The sessions whose players left for good."""

    def __attrs_post_init__(self) -> None:
        self.deltas = list(map(decode_delta, self.cluster.store.history))
        self.stands, self.lost = _places(self.deltas), _places(map(decode_delta, self.cluster.store.lost))
        for player in self.cluster.players:
            self.orders |= player.orders
            self.left |= player.left
        for record in (record for delta in self.deltas for record in delta.records):
            if record.session and not record.seq and record.writes and record.writes[0].blob is not None:
                avatar, name = EntityId(record.writes[0].id), _name_of(record)
                self.actors[record.session] = Actor(SessionId(record.session), avatar, name)


def _places(deltas: Iterable[Delta]) -> Places:
    places: Places = defaultdict(list)
    for delta in deltas:
        for record in delta.records:
            if record.seq:
                places[record.session, record.seq].append(delta.version)
    return places


def with_causes(delta: Delta, evidence: Evidence, rules: dict[bytes, Rule]) -> Delta:
    """The delta with a cause in each record under which its rule is found."""
    records = []
    for place, record in enumerate(delta.records):
        cause = b"%d:%d" % (delta.version, place)
        rules[cause] = _rule_of(record, evidence)
        records.append(msgspec.structs.replace(record, cause=cause))
    return msgspec.structs.replace(delta, records=records)


def _rule_of(record: Record, evidence: Evidence) -> Rule:
    """What wrote a record: a command; the leader; or a session that began, went on, went away or ended."""
    if record.seq:
        return partial(_obey, evidence, record)
    if not record.session:
        return issue.rule
    if not record.writes:
        return lambda _tx: None
    if record.writes[0].blob is not None:
        return partial(_enter, record)
    return partial(_leave, Actor(SessionId(record.session), EntityId(record.writes[0].id), ""))


def _obey(evidence: Evidence, record: Record, tx: Transaction) -> Rejection | None:
    order = evidence.orders[record.session, record.seq]
    spec = game.commands[order.command]
    return spec.rule(tx, evidence.actors[record.session], msgspec.msgpack.decode(order.args, type=spec.type))


def _enter(record: Record, tx: Transaction) -> Rejection | None:
    made = enter(tx, _name_of(record))
    return made if isinstance(made, Rejection) else None


def _leave(actor: Actor, tx: Transaction) -> Rejection | None:
    return end_avatar(game, tx, actor)


def _name_of(record: Record) -> str:
    value = game.schema().decode(record.writes[0].blob or b"")
    assert isinstance(value, Purse)
    return value.name
