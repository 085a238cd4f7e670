"""Questions about many commits at once, without a server."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.barrier import Barrier
from shared_state.redis.durability import Durability
from shared_state.redis.pipeline import Slot

HOLD = Durability.parse("replica").hold("oar:{bay}:held")
SET, WAIT = HOLD.mark, HOLD.questions[0].command


@attrs.define(eq=False)
class Wire:
    """What was sent, and its slots."""

    sent: list[tuple[str | int, ...]] = attrs.field(factory=list)
    slots: list[Slot] = attrs.field(factory=list)
    broken: bool = False

    def submit(self, slot: Slot, args: tuple[str | int, ...]) -> None:
        """Takes a command."""
        if self.broken:
            raise StoreUnavailable("the wire is cut")
        self.sent.append(args)
        self.slots.append(slot)

    def answer(self, *replies: Any) -> None:
        """Delivers replies in order."""
        for reply in replies:
            self.slots.pop(0).deliver(reply)


async def test_commits_that_are_sent_meanwhile_share_the_next_question() -> None:
    """One question is under way; what was sent behind it waits for the next, and no longer."""
    wire = Wire()
    barrier = Barrier(wire.submit)
    first = barrier.join(HOLD)
    second, third = barrier.join(HOLD), barrier.join(HOLD)
    assert second is third is not first
    assert wire.sent == [SET, WAIT]
    wire.answer(b"OK", 1)
    assert wire.sent == [SET, WAIT] * 2
    assert (first.settled.is_set(), second.settled.is_set()) == (True, False)
    wire.answer(b"OK", 1)
    with trio.fail_after(1):
        await first.passed()
        await second.passed()
    assert wire.sent == [SET, WAIT] * 2, "nobody asked for more"
    barrier.join(HOLD)
    assert wire.sent == [SET, WAIT] * 3


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((b"OK", 0), "0 of 1 replicas"),
        ((StoreError("OOM no"), 1), "OOM"),
        ((b"OK", StoreError("ERR no")), "ERR no"),
        ((StoreUnavailable("cut"), StoreUnavailable("cut")), "cut"),
    ],
)
async def test_what_is_not_held_is_unknown(replies: tuple[Any, ...], reason: str) -> None:
    """The commit may have taken effect: it is to be sent again, whatever the trouble was."""
    wire = Wire()
    wave = Barrier(wire.submit).join(HOLD)
    wire.answer(*replies)
    with trio.fail_after(1), pytest.raises(StoreUnavailable, match=reason):
        await wave.passed()


async def test_a_broken_connection_leaves_nobody_waiting() -> None:
    """Those under way and those who wait for the next question are told."""
    wire = Wire()
    barrier = Barrier(wire.submit)
    waves = [barrier.join(HOLD), barrier.join(HOLD)]
    wire.broken = True
    wire.answer(StoreUnavailable("cut"), StoreUnavailable("cut"))
    for wave in (*waves, barrier.join(HOLD)):
        with trio.fail_after(1), pytest.raises(StoreUnavailable, match="cut"):
            await wave.passed()
