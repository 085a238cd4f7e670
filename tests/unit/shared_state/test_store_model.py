"""The model store where the contract suite cannot look: its exact bytes, its clock, its purity."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from shared_state.delta import Added, Record, decode_delta, encode_record
from shared_state.errors import EpochChanged, IncompatibleWorld, UnknownIncarnation
from shared_state.names import lease_name, world_name
from shared_state.position import NO_STAMP
from shared_state.store_model import SALTS, START_OF_2026_S, ModelStore
from tests.contract.writer import add_op, make_batch, make_op

WORLD = world_name("bay")
LEASE = lease_name("leader")
SECONDS = 40_000_000
NOW_US = (START_OF_2026_S + SECONDS) * 1_000_000


class Clock:
    """A clock that stands until it is moved."""

    now_us = NOW_US

    def __call__(self) -> int:
        return self.now_us


def model(clock: Clock | None = None) -> ModelStore:
    """A model whose only world will be of epoch ``e``."""
    return ModelStore(clock or Clock(), lambda: "e")


def test_incarnations_follow_the_clock_and_never_repeat() -> None:
    """At least the milliseconds since 2026, and above the last one, whatever the clock does."""
    clock = Clock()
    store = model(clock)
    seen = []
    for milliseconds in (0, 0, 100, 0):
        clock.now_us = NOW_US + milliseconds * 1000
        seen.append(store.attach(WORLD, "s", 1).incarnation)
    start = SECONDS * 1000
    assert seen == [start, start + 1, start + 100, start + 101]


def test_a_writer_attached_in_a_lost_part_meets_no_namesake() -> None:
    """A store that goes back and is up again in the same second gives nobody the number of a writer that it forgot."""
    clock = Clock()
    store = model(clock)
    store.attach(WORLD, "s", 1)
    old = attrs.evolve(store.worlds[WORLD], answers=dict(store.worlds[WORLD].answers))
    clock.now_us += 2000
    forgotten = store.attach(WORLD, "s", 1)
    store.worlds[WORLD] = old
    clock.now_us += 2000
    fresh = store.attach(WORLD, "s", 1)
    assert fresh.incarnation != forgotten.incarnation
    op = make_op(b"12345678", puts={1: b"x"})
    store.commit(WORLD, make_batch(fresh, 1, [op]))
    with pytest.raises(UnknownIncarnation):
        store.commit(WORLD, make_batch(forgotten, 1, [op]))


def test_the_bytes_of_a_delta() -> None:
    """Exactly these: the script has to build the same."""
    store = model()
    attachment = store.attach(WORLD, "s", 1)
    op = make_op(b"12345678", puts={1: b"x"})
    _, delta = store.commit(WORLD, make_batch(attachment, 1, [op]))
    expected = b"\x95\xd9\x01e" + b"\xcf" + bytes(7) + b"\x01" + b"\xc6\x00\x00\x00\x08" + NO_STAMP
    expected += b"\xc6\x00\x00\x00\x08" + b"12345678" + b"\xdd\x00\x00\x00\x01" + op.record + b"\x90"
    assert delta == expected


def test_the_bytes_of_an_addition() -> None:
    """Id, tag and the whole entity follow the record."""
    store = model()
    attachment = store.attach(WORLD, "s", 1)
    blob = b"\x00\x91\xcb" + bytes(8)
    made = make_op(b"12345678", puts={1: blob})
    adding = make_op(b"abcdefgh", adds=add_op(1, 3, 1.5, 0, 9, (b"12345678", b"abcdefgh", b"ABCDEFGH")))
    _, delta = store.commit(WORLD, make_batch(attachment, 1, [made, adding]))
    assert delta is not None
    left = b"\x00\x91\xcb\x3f\xf8" + bytes(6)
    tail = b"\xdd\x00\x00\x00\x01\x93\xcf" + bytes(7) + b"\x01\xc6\x00\x00\x00\x08abcdefgh\xc6\x00\x00\x00\x0b" + left
    assert delta.endswith(adding.record + tail)
    assert decode_delta(delta).records[1].added == [Added(1, b"abcdefgh", left)]


def test_a_record_is_completed_by_one_array() -> None:
    """What ``encode_record`` leaves out is the last field alone."""
    record = Record(b"12345678", "s", 3, b"why", [], [])
    assert encode_record(record) + b"\x90" == msgspec.msgpack.encode(record)


def test_refusals_name_what_there_is() -> None:
    """Each error of the protocol, from the model's own mouth."""
    store = model()
    attachment = store.attach(WORLD, "s", 1)
    op = make_op(b"12345678", puts={1: b"x"})
    with pytest.raises(IncompatibleWorld, match="schema s, not t"):
        store.attach(WORLD, "t", 1)
    with pytest.raises(UnknownIncarnation):
        store.commit(WORLD, make_batch(attachment, 2, [op]))
    store.worlds[WORLD].epoch = "f"
    with pytest.raises(EpochChanged) as caught:
        store.commit(WORLD, make_batch(attachment, 1, [op]))
    assert caught.value.epoch == "f"
    store.worlds[WORLD].format += 1
    with pytest.raises(IncompatibleWorld, match="format"):
        store.attach(WORLD, "s", 1)


def test_a_lease_ends_on_the_microsecond() -> None:
    """Held before its expiry, lost at it."""
    clock = Clock()
    store = model(clock)
    assert store.take_lease(WORLD, LEASE, "ann", 10) == NOW_US * SALTS
    clock.now_us += 9
    assert store.take_lease(WORLD, LEASE, "bob", 10) is None
    clock.now_us += 1
    assert store.take_lease(WORLD, LEASE, "bob", 10) == (NOW_US + 10) * SALTS + 1


def test_a_clock_that_goes_back_repeats_no_token() -> None:
    """Tokens rise even then."""
    clock = Clock()
    store = model(clock)
    store.take_lease(WORLD, LEASE, "ann", 10)
    clock.now_us -= 1_000_000
    assert store.take_lease(WORLD, LEASE, "ann", 10) == (NOW_US + 1) * SALTS + 1
