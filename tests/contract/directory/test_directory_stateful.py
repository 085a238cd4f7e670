"""Model and real server side by side over random histories of the directory: every answer and every entry agree.

Times to live are so short that they have passed at the next call, or so long that they never do: then the two clocks
need not agree. Names and tokens that the real directory draws are given to the model.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared_state.directory import GONE_RETRY_S
from shared_state.directory_entry import Kick, NodeEntry, Reservation, TooManyWorlds, WorldEntry, WorldFilter, WorldSpec
from shared_state.directory_model import ModelDirectory
from shared_state.directory_names import node_name, reservation_token, world_kind
from shared_state.embedded import EmbeddedStore
from shared_state.names import session_id, world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.ttl import ttl_us
from tests.contract.directory.conftest import START_US, wipe
from tests.contract.test_store_stateful import Portal, portal

NAMES = st.sampled_from([world_name(name) for name in ("a", "b", "a.b")])
KINDS = st.sampled_from([world_kind(kind) for kind in ("bay", "bay.far")])
SESSIONS = [session_id(name) for name in ("s", "t", "u")]
NODES = st.sampled_from([node_name(name) for name in ("ann", "bob")])
TTLS = st.sampled_from([1e6, 1e6, 1e6, 0.000_001])
METADATA = st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from([1, True, 1.5, "", None]), max_size=2)
MOST_WORLDS = 6
STRANGER = reservation_token("f" * 32)
FRESH = world_name("fresh")

SPECS = st.builds(
    WorldSpec,
    kind=KINDS,
    seats=st.integers(1, 4),
    metadata=METADATA,
    private=st.sampled_from([False, False, True]),
    persistent=st.booleans(),
    empty_ttl_s=TTLS,
)
FILTERS = st.builds(
    WorldFilter,
    kind=st.none() | KINDS,
    with_free_seats=st.booleans(),
    metadata=METADATA,
    include_private=st.booleans(),
)


class DirectoryMachine(RuleBasedStateMachine):
    """One directory in a model and in a real store."""

    portal: Portal

    def __init__(self) -> None:
        super().__init__()
        self.now_us = START_US
        self.model = ModelDirectory(lambda: self.now_us, MOST_WORLDS)
        self.real = RedisDirectory(self.portal.store.topology, most_worlds=MOST_WORLDS)
        self.reservations: list[Reservation] = []
        self.portal.ask(wipe, self.portal.store)

    @rule(spec=SPECS, name=NAMES)
    def create(self, spec: WorldSpec, name: Any) -> None:
        """A world of a given name."""
        assert self._ask(self.real.create, spec, name) == self.model.create(spec, name)

    @rule(name=NAMES, metadata=METADATA)
    def update(self, name: Any, metadata: Any) -> None:
        """Other metadata."""
        assert self._ask(self.real.replace_metadata, name, metadata) == self.model.replace_metadata(name, metadata)

    @rule(name=NAMES)
    def remove(self, name: Any) -> None:
        """The end of a world."""
        assert self._ask(self.real.remove, name) == self.model.remove(name)

    @rule(name=NAMES, ttl_s=TTLS, count=st.integers(1, 3))
    def reserve(self, name: Any, ttl_s: float, count: int) -> None:
        """Seats in a world."""
        reserved = self._ask(self.real.reserve, name, ttl_s, count)
        token = reserved.token if isinstance(reserved, Reservation) else STRANGER
        refusal = self.model.reserve(name, token, count, ttl_us(ttl_s))
        assert reserved == (refusal or Reservation(token, name, count, ttl_s))
        if isinstance(reserved, Reservation):
            self.reservations.append(reserved)

    @rule(spec=SPECS, ttl_s=TTLS, count=st.integers(1, 3))
    def join(self, spec: WorldSpec, ttl_s: float, count: int) -> None:
        """Seats in a world of a kind."""
        spec = attrs.evolve(spec, private=False, seats=max(spec.seats, count))
        reserved = self._ask(self.real.join_or_create, spec, ttl_s, count)
        if isinstance(reserved, TooManyWorlds):
            assert self.model.join_or_create(spec, STRANGER, count, ttl_us(ttl_s), FRESH) == reserved
            return
        joined = self.model.join_or_create(spec, reserved.token, count, ttl_us(ttl_s), reserved.world)
        assert joined == (reserved.world, reserved.created)
        self.reservations.append(reserved)

    @rule(back=st.integers(0, 3), session=st.sampled_from(SESSIONS), node=NODES, ttl_s=TTLS)
    def confirm(self, back: int, session: Any, node: Any, ttl_s: float) -> None:
        """A session takes a seat."""
        token = self._token(back)
        seat = self._ask(self.real.confirm, token, session, node, ttl_s)
        assert (seat and seat.world) == self.model.confirm(token, session, node, ttl_us(ttl_s))

    @rule(back=st.integers(0, 3))
    def cancel(self, back: int) -> None:
        """A reservation is given back."""
        token = self._token(back)
        assert self._ask(self.real.cancel, token) == self.model.release(("r", token), "")

    @rule(session=st.sampled_from(SESSIONS), node=NODES, ttl_s=TTLS)
    def take_over(self, session: Any, node: Any, ttl_s: float) -> None:
        """Another node, or the same one, keeps the seat."""
        seat = self._ask(self.real.take_over, session, node, ttl_s)
        assert (seat and seat.world) == self.model.take_over(session, node, ttl_us(ttl_s))

    @rule(sessions=st.lists(st.sampled_from(SESSIONS)), node=NODES, ttl_s=TTLS)
    def renew(self, sessions: Any, node: Any, ttl_s: float) -> None:
        """A node prolongs seats."""
        assert self._ask(self.real.renew, node, sessions, ttl_s) == self.model.renew(node, sessions, ttl_us(ttl_s))

    @rule(session=st.sampled_from(SESSIONS), node=NODES)
    def release(self, session: Any, node: Any) -> None:
        """A session leaves."""
        assert self._ask(self.real.release, node, session) == self.model.release(("s", session), node)

    @rule(forget=st.booleans())
    def sweep(self, forget: bool) -> None:
        """Empty worlds end; perhaps their keys are deleted."""
        names = self._ask(self.real.sweep)
        assert names == self.model.sweep(ttl_us(GONE_RETRY_S))
        if forget:
            self._ask(self.real.forget, names)
            self.model.forget(names)

    @rule(wanted=FILTERS, limit=st.integers(1, 3))
    def list_all(self, wanted: WorldFilter, limit: int) -> None:
        """All pages."""
        cursor = ""
        while True:
            page = self._ask(self.real.list_worlds, wanted, cursor, limit)
            assert page == self.model.list_worlds(wanted, cursor, limit)
            cursor = page.cursor
            if not cursor:
                return

    @rule(node=NODES, ttl_s=TTLS, load=st.sampled_from([{}, {"x": 0.1}]))
    def beat(self, node: Any, ttl_s: float, load: Any) -> None:
        """A node lives."""
        entry = NodeEntry(node, "address", load, False)
        assert self._ask(self.real.beat, node, "address", ttl_s, load) == self.model.beat(entry, ttl_us(ttl_s))

    @rule(node=NODES)
    def ask_to_drain(self, node: Any) -> None:
        """An operator."""
        assert self._ask(self.real.ask_to_drain, node) == self.model.ask_to_drain(node)

    @rule(node=NODES, world=NAMES, session=st.sampled_from(SESSIONS))
    def ask_to_kick(self, node: Any, world: Any, session: Any) -> None:
        """An operator, of a session."""
        kick = Kick(world, session)
        assert self._ask(self.real.ask_to_kick, node, kick) == self.model.ask_to_kick(node, kick)

    @rule(node=NODES)
    def kicks(self, node: Any) -> None:
        """A node hears what was asked of it."""
        assert self._ask(self.real.kicks, node) == self.model.kicks(node)

    @rule(node=NODES)
    def leave(self, node: Any) -> None:
        """A node goes."""
        assert self._ask(self.real.leave, node) == self.model.leave(node)

    @invariant()
    def entries_agree(self) -> None:
        """All worlds, all nodes; the model's seats add up and are within the limits."""
        everything = WorldFilter(include_private=True)
        page = self._ask(self.real.list_worlds, everything, "", 100)
        assert page == self.model.list_worlds(everything, "", 100)
        assert self._ask(self.real.nodes) == self.model.nodes()
        held = self.model.count_held()
        assert {entry.name: entry.used for entry in page.entries if entry.used} == dict(held)
        assert all(isinstance(entry, WorldEntry) and entry.free >= 0 for entry in page.entries)

    def _ask(self, call: Any, *args: Any) -> Any:
        self.now_us += 10
        return self.portal.ask(call, *args)

    def _token(self, back: int) -> Any:
        return self.reservations[-1 - back].token if back < len(self.reservations) else STRANGER


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_model_and_real_directory_agree_on_random_histories(kind: str, request: pytest.FixtureRequest) -> None:
    """Any difference in any answer of any history that Hypothesis finds is a failure."""
    server: EmbeddedStore = request.getfixturevalue(f"{kind}_server")
    with portal(server.url) as opened:
        DirectoryMachine.portal = opened
        run_state_machine_as_test(
            DirectoryMachine,
            settings=settings(
                max_examples=30,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )
