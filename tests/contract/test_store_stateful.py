"""Model and real server side by side over random histories: every answer, delta and key must be the same.

Hypothesis chooses batches (conflicts, moved sessions, lost guards, additions, deletions, resends, writers that attach
anew) and lease calls. What depends on the server's clock, tokens and incarnations, is taken from the server and given
to the model's clock. The server is driven from Hypothesis' synchronous world through a thread.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared_state.batch import Batch, TxOp
from shared_state.embedded import EmbeddedStore
from shared_state.entity import NO_TAG, Tag, TagMaker, blind
from shared_state.errors import StoreError
from shared_state.names import WorldName, lease_name, session_id, world_name
from shared_state.redis.store import RedisStore, open_store
from shared_state.session_row import SessionHead, unpack_head
from shared_state.store import Attachment, LeaseGrant
from shared_state.store_model import SALTS, ModelStore
from tests.contract.writer import SCHEMA, Step, add_op, make_batch, make_op

IDS = (1, 2, 3, 2**53 - 1)
CELLS = (0, 7)
SESSIONS = ("s", "t")
LEASES = (lease_name("l"), lease_name("m"))
OFFSET = 3
LONG_S, SHORT_S = 1000.0, 0.000_001
ALL = 10_000
_numbers = itertools.count(1)

SEEN = st.sampled_from(["current", "current", "current", "none", "stale"])
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 0.1, 3.99, 2.0**53 - 1, 1e14 + 1, -7.5])


@attrs.frozen
class Plan:
    """What a transaction is to do, before tags are known."""

    reads: dict[int, str]
    scans: dict[int, str]
    guards: Mapping[str, str]
    puts: dict[int, float | None]
    adds: list[tuple[int, float, bool]]
    cells: list[int]
    session: str
    head: str
    step: str
    tail: bytes
    only_checks: bool


def few(keys: tuple[Any, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[Any, Any]]:
    """A small dictionary."""
    return st.dictionaries(st.sampled_from(keys), values, max_size=2)


PLANS = st.builds(
    Plan,
    reads=few(IDS, SEEN),
    scans=few(CELLS, SEEN),
    guards=st.sampled_from([{}, {}, {"l": "current"}, {"m": "current"}, {"l": "stale"}]),
    puts=few(IDS, st.none() | NUMBERS),
    adds=st.lists(st.tuples(st.sampled_from(IDS), NUMBERS, st.booleans()), max_size=2),
    cells=st.lists(st.sampled_from(CELLS), max_size=2, unique=True),
    session=st.sampled_from(["", *SESSIONS]),
    head=st.sampled_from(["current", "current", "current", "none", "stale"]),
    step=st.sampled_from(["advance", "advance", "open", "remove"]),
    tail=st.sampled_from([b"", b"", b"tail", b"\x00other"]),
    only_checks=st.sampled_from([False, False, False, True]),
)


@attrs.define(eq=False)
class Portal:
    """A store on a thread of its own, for synchronous callers."""

    store: RedisStore
    token: trio.lowlevel.TrioToken

    def ask(self, call: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """The answer, or the kind of error."""
        try:
            return trio.from_thread.run(call, *args, trio_token=self.token)
        except StoreError as error:
            return type(error)


@contextmanager
def portal(url: str) -> Iterator[Portal]:
    """A store that runs until the context ends."""
    ready = threading.Event()
    opened: list[Portal] = []
    scope = trio.CancelScope()

    async def serve() -> None:
        with scope:
            async with open_store(url) as store:
                opened.append(Portal(store, trio.lowlevel.current_trio_token()))
                ready.set()
                await trio.sleep_forever()

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield opened[0]
    finally:
        opened[0].token.run_sync_soon(scope.cancel)
        thread.join(10)


@attrs.define(eq=False)
class Author:
    """A writer of both stores: the incarnation is the same in each."""

    attachment: Attachment
    tags: TagMaker
    number: int = 0
    sent: list[Batch] = attrs.field(factory=list)


class StoreMachine(RuleBasedStateMachine):
    """One world in a model and in a real store."""

    real: Portal

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 0
        self.epoch = ""
        self.salt = 0
        self.model = ModelStore(lambda: self.now_us, lambda: self.epoch, lambda: self.salt)
        self.world: WorldName = world_name(f"stateful-{next(_numbers)}")
        self.authors: list[Author] = []
        self.grants: dict[str, LeaseGrant] = {}

    @initialize()
    def attach_two(self) -> None:
        """Two writers, in the same order in both stores."""
        self.authors = [self._attach(), self._attach()]

    @rule(who=st.integers(0, 1))
    def attach_anew(self, who: int) -> None:
        """A writer starts over under a new incarnation."""
        self.authors[who] = self._attach()

    @rule(sent=st.booleans())
    def delete(self, sent: bool) -> None:
        """The world is deleted and made anew; what its former writers send finds that."""
        self.real.ask(self.real.store.delete_world, self.world)
        self.model.delete_world(self.world)
        if sent and self.authors[0].sent:
            self._send(self.authors[0].sent[-1])
        former, self.authors = self.authors, [self._attach(), self._attach()]
        if sent and former[1].sent:
            self._send(former[1].sent[-1])

    @rule(who=st.integers(0, 1), plans=st.lists(PLANS, min_size=1, max_size=5), stepwise=st.booleans())
    def commit(self, who: int, plans: list[Plan], stepwise: bool) -> None:
        """A batch, as a whole if that can be or step by step."""
        author = self.authors[who]
        written: dict[int, bytes] = {}
        ops = [self._op(author, plan, written) for plan in plans]
        author.number += 1
        author.sent.append(make_batch(author.attachment, author.number, ops, ALL))
        self._choose_script(stepwise)
        self._send(author.sent[-1])

    @rule(who=st.integers(0, 1), back=st.integers(1, 3), stepwise=st.booleans())
    def send_again(self, who: int, back: int, stepwise: bool) -> None:
        """The last batch, or one before it, once more."""
        self._choose_script(stepwise)
        sent = self.authors[who].sent
        if len(sent) >= back:
            self._send(sent[-back])

    @rule(who=st.integers(0, 1))
    def skip_a_number(self, who: int) -> None:
        """A batch whose number does not follow on."""
        author = self.authors[who]
        self._send(make_batch(author.attachment, author.number + 2, [make_op(author.tags.make(), puts={1: b"x"})], ALL))

    @rule(name=st.sampled_from(LEASES), owner=st.sampled_from(["ann", "bob"]), ttl_s=st.sampled_from([LONG_S, SHORT_S]))
    def take(self, name: str, owner: str, ttl_s: float) -> None:
        """A lease, for long or for so short that it has expired when it is taken."""
        lease = lease_name(name)
        grant = self.real.ask(self.real.store.take_lease, self.world, lease, owner, ttl_s)
        if grant is not None:
            number, self.salt = divmod(grant.token, SALTS)
            assert number > self.now_us
            self.now_us = number
        token = self.model.take_lease(self.world, lease, owner, round(ttl_s * 1e6))
        assert token == (None if grant is None else grant.token)
        if grant is not None:
            self.grants[name] = grant
            self.now_us += 2

    @rule(name=st.sampled_from(LEASES), release=st.booleans(), stale=st.booleans())
    def renew_or_release(self, name: str, release: bool, stale: bool) -> None:
        """Under the last token, or one before it."""
        grant = self.grants.get(name, LeaseGrant(lease_name(name), "ann", 1, LONG_S))
        grant = attrs.evolve(grant, token=grant.token - stale, ttl_s=LONG_S)
        if release:
            held = self.real.ask(self.real.store.release_lease, self.world, grant)
            assert held == self.model.release_lease(self.world, grant)
        else:
            held = self.real.ask(self.real.store.renew_lease, self.world, grant)
            assert held == self.model.renew_lease(self.world, grant, round(LONG_S * 1e6))

    @rule(count=st.integers(1, 5))
    def reserve(self, count: int) -> None:
        """Entity ids."""
        mine = self.model.reserve_ids(self.world, self.epoch, count)
        assert self.real.ask(self.real.store.reserve_ids, self.world, self.epoch, count) == mine

    @invariant()
    def all_keys_agree(self) -> None:
        """Head, entities, cells, sessions and the whole log, byte for byte."""
        if not self.authors:
            return
        store, model = self.real.store, self.model
        assert self.real.ask(store.snapshot, self.world) == model.snapshot(self.world)
        assert self.real.ask(store.log_after, self.world, 0, ALL) == model.log_after(self.world, 0, ALL)
        for session in map(session_id, SESSIONS):
            assert self.real.ask(store.session_row, self.world, session) == model.session_row(self.world, session)

    def _attach(self) -> Author:
        attachment: Attachment = self.real.ask(self.real.store.attach, self.world, SCHEMA, 10)
        self.epoch = attachment.head.epoch
        if self.world in self.model.worlds:
            self.model.worlds[self.world].incarnation = attachment.incarnation - 1
            assert self.model.attach(self.world, SCHEMA, 10) == attachment
        else:
            self.now_us = (attachment.incarnation + 1_767_225_600_000) * 1000
            assert self.model.attach(self.world, SCHEMA, 10) == attachment
        return Author(attachment, TagMaker(attachment.incarnation))

    def _choose_script(self, stepwise: bool) -> None:
        contended = self.real.store.contended
        if stepwise:
            contended.add(self.world)
        else:
            contended.discard(self.world)

    def _send(self, batch: Batch) -> None:
        try:
            expected: Any = self.model.commit(self.world, batch)[0]
        except StoreError as error:
            expected = type(error)
        assert self.real.ask(self.real.store.commit, self.world, batch) == expected

    def _op(self, author: Author, plan: Plan, written: dict[int, bytes]) -> TxOp:
        tag = author.tags.make()
        adds: list[Any] = []
        for entity, delta, clamp in plan.adds:
            if entity not in plan.puts:
                seen = self._tag(entity, "current", written)
                high = 5.0 if clamp else 1e300
                adds += add_op(entity, OFFSET, delta, -high, high, (seen, bytes(tag), blind(Tag(tag))))
        op = make_op(
            tag,
            reads={entity: self._tag(entity, how, written) for entity, how in plan.reads.items()},
            scans={cell: self._cell(cell, how) for cell, how in plan.scans.items()},
            guards={name: self._token(name, how) for name, how in plan.guards.items()},
            puts={entity: None if value is None else counter(value) for entity, value in plan.puts.items()},
            adds=adds,
            cells=plan.cells,
            step=self._step(plan) if plan.session else None,
            only_checks=plan.only_checks,
        )
        written.update((entity, bytes(tag) if value is not None else NO_TAG) for entity, value in plan.puts.items())
        return op

    def _tag(self, entity: int, how: str, written: dict[int, bytes]) -> bytes:
        if how == "none":
            return NO_TAG
        if how == "stale":
            return b"\xff" * 8
        return written.get(entity) or self.model.worlds[self.world].state.get(str(entity), NO_TAG)[:8]

    def _cell(self, cell: int, how: str) -> bytes:
        if how == "current":
            return self.model.worlds[self.world].cells.get(str(cell), NO_TAG)
        return NO_TAG if how == "none" else b"\xff" * 8

    def _token(self, name: str, how: str) -> int:
        grant = self.grants.get(name)
        return 1 if grant is None else grant.token - (how == "stale")

    def _step(self, plan: Plan) -> Step:
        head = unpack_head(self.model.session_row(self.world, session_id(plan.session)))
        if plan.head == "none":
            head = None
        elif plan.head == "stale":
            head = SessionHead(99, 5)
        after = None if plan.step == "remove" else SessionHead(1)
        if plan.step == "advance" and head is not None:
            after = head.advance(head.seq + 1)
        return Step(plan.session, head, after, plan.tail)


def counter(value: float) -> bytes:
    """A stored entity with one counter at ``OFFSET``."""
    return b"\x00\x92\xcb" + struct.pack(">d", value) + b"\xa5after"


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_model_and_real_store_agree_on_random_histories(kind: str, request: pytest.FixtureRequest) -> None:
    """Any difference in any answer, delta or key of any history that Hypothesis finds is a failure."""
    server: EmbeddedStore = request.getfixturevalue(f"{kind}_server")
    with portal(server.url) as real:
        StoreMachine.real = real
        run_state_machine_as_test(
            StoreMachine,
            settings=settings(
                max_examples=80,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            ),
        )
