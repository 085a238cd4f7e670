"""A life laid out for a judge: what was published, what players sent and were told.

It trusts no node: everything comes from the watched store and the players.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import attrs

from shared_state.delta import Delta, decode_delta
from tests.simulation.cluster import Cluster
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
    left: set[str] = attrs.field(factory=set)
    """The sessions whose players left for good."""

    def __attrs_post_init__(self) -> None:
        self.deltas = list(map(decode_delta, self.cluster.store.history))
        self.stands, self.lost = _places(self.deltas), _places(map(decode_delta, self.cluster.store.lost))
        for player in self.cluster.players:
            self.orders |= player.orders
            self.left |= player.left


def _places(deltas: Iterable[Delta]) -> Places:
    places: Places = defaultdict(list)
    for delta in deltas:
        for record in delta.records:
            if record.seq:
                places[record.session, record.seq].append(delta.version)
    return places
