"""Replies and their slots, fed byte by byte, without a server."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.pipeline import ChannelSlot, Pipeline, ProtocolBroken
from shared_state.redis.subscriptions import Subscriptions
from tests.contract.writer import Recorder

CHANNEL = b"oar:{bay}:delta"


@attrs.define(eq=False)
class Waiting:
    """A slot that keeps what it gets."""

    replies: list[Any] = attrs.field(factory=list)

    def deliver(self, reply: Any) -> None:
        """Keeps a reply."""
        self.replies.append(reply)


def push(kind: bytes, channel: bytes = CHANNEL, last: bytes = b":1\r\n") -> bytes:
    """A push of the protocol."""
    return b">3\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(kind), kind, len(channel), channel) + last


def waiting(pipeline: Pipeline, count: int) -> list[Waiting]:
    """So many calls without an answer."""
    slots = [Waiting() for _ in range(count)]
    pipeline.slots.extend(slots)
    return slots


def subscribed() -> tuple[Pipeline, Recorder, Subscriptions]:
    """A pipeline whose only listener has asked for its channel, which is not confirmed yet."""
    recorder, subscriptions = Recorder(), Subscriptions()
    subscriptions.add(CHANNEL, recorder)
    pipeline = Pipeline(subscriptions)
    pipeline.slots.append(ChannelSlot(b"ssubscribe", CHANNEL, subscriptions))
    return pipeline, recorder, subscriptions


def test_replies_go_to_the_oldest_slot_however_they_are_cut() -> None:
    """Byte by byte or at once, each reply finds its slot."""
    data = b"+OK\r\n:42\r\n$3\r\na\r\n\r\n*2\r\n$-1\r\n:1\r\n"
    for size in (1, 2, 5, len(data)):
        pipeline = Pipeline(Subscriptions())
        slots = waiting(pipeline, 4)
        for start in range(0, len(data), size):
            pipeline.feed(data[start : start + size])
        assert [slot.replies for slot in slots] == [[b"OK"], [42], [b"a\r\n"], [[None, 1]]]


def test_an_error_reply_is_delivered_as_an_error() -> None:
    """It takes its place in the order like any reply."""
    pipeline = Pipeline(Subscriptions())
    bad, good = waiting(pipeline, 2)
    pipeline.feed(b"-WRONGTYPE no\r\n+OK\r\n")
    assert str(bad.replies[0]) == "WRONGTYPE no"
    assert isinstance(bad.replies[0], StoreError)
    assert good.replies == [b"OK"]


def test_a_reply_from_the_wrong_server_ends_the_connection() -> None:
    """The caller is told and nobody goes on asking there."""
    pipeline = Pipeline(Subscriptions())
    (slot,) = waiting(pipeline, 1)
    with pytest.raises(StoreUnavailable, match="READONLY"):
        pipeline.feed(b"-READONLY it is a replica\r\n")
    assert isinstance(slot.replies[0], StoreUnavailable)


@pytest.mark.parametrize("data", [b"+OK\r\n", b"?nonsense\r\n"])
def test_what_nobody_asked_for_ends_the_connection(data: bytes) -> None:
    """A surplus reply would shift all later ones; bytes that are no protocol cannot be followed."""
    with pytest.raises(ProtocolBroken):
        Pipeline(Subscriptions()).feed(data)


def test_a_confirmation_takes_the_place_of_a_reply() -> None:
    """Calls before and behind a subscription get their own replies."""
    pipeline, recorder, _ = subscribed()
    before, behind = Waiting(), Waiting()
    pipeline.slots.appendleft(before)
    pipeline.slots.append(behind)
    pipeline.feed(b":1\r\n" + push(b"ssubscribe") + push(b"smessage", last=b"$1\r\nd\r\n") + b":2\r\n")
    assert (before.replies, behind.replies) == ([1], [2])
    assert (recorder.subscribed, recorder.deltas) == (1, [b"d"])


def test_a_refused_subscription_takes_the_place_of_a_reply_too() -> None:
    """The new subscriber finds the refusal, and later replies do not shift."""
    pipeline, recorder, subscriptions = subscribed()
    (behind,) = waiting(pipeline, 1)
    pipeline.feed(b"-NOPERM no\r\n:2\r\n")
    assert behind.replies == [2]
    subscription, new = subscriptions.add(CHANNEL, Recorder())
    assert (str(subscription.refusal), new, recorder.subscribed) == ("NOPERM no", False, 0)


def test_a_listener_that_was_live_is_not_left_deaf() -> None:
    """When a subscription is refused after a reconnection, the connection ends, so that it is tried again."""
    pipeline, _, subscriptions = subscribed()
    pipeline.feed(push(b"ssubscribe"))
    subscriptions.all_lost()
    pipeline.slots.append(ChannelSlot(b"ssubscribe", CHANNEL, subscriptions))
    with pytest.raises(StoreUnavailable, match="NOPERM"):
        pipeline.feed(b"-NOPERM no\r\n")


def test_an_unasked_unsubscription_is_noted_for_subscribing_again() -> None:
    """The server may end a subscription by itself (a slot moved): no reply shifts, and the channel is wanted back."""
    pipeline, recorder, _ = subscribed()
    pipeline.feed(push(b"ssubscribe"))
    (slot,) = waiting(pipeline, 1)
    pipeline.feed(push(b"sunsubscribe") + push(b"smessage", last=b"$5\r\nstray\r\n") + b"+OK\r\n")
    assert (slot.replies, pipeline.lost, recorder.deltas) == ([b"OK"], [CHANNEL], [])


def test_an_unsubscription_that_was_asked_for_is_not_undone() -> None:
    """It is the answer to its command."""
    pipeline, recorder, subscriptions = subscribed()
    pipeline.feed(push(b"ssubscribe"))
    subscriptions.remove(CHANNEL, recorder)
    pipeline.slots.append(ChannelSlot(b"sunsubscribe", CHANNEL, subscriptions))
    (behind,) = waiting(pipeline, 1)
    pipeline.feed(push(b"sunsubscribe") + b"+OK\r\n")
    assert (pipeline.lost, behind.replies, len(pipeline.slots)) == ([], [b"OK"], 0)


def test_messages_before_the_confirmation_are_not_delivered() -> None:
    """A listener hears nothing before it is told that it is subscribed."""
    pipeline, recorder, _ = subscribed()
    pipeline.feed(push(b"smessage", last=b"$3\r\nold\r\n") + push(b"ssubscribe"))
    assert (recorder.deltas, recorder.subscribed) == ([], 1)


def test_pushes_of_other_kinds_are_ignored() -> None:
    """Such as invalidations."""
    pipeline = Pipeline(Subscriptions())
    (slot,) = waiting(pipeline, 1)
    pipeline.feed(push(b"invalidate") + b"+OK\r\n")
    assert slot.replies == [b"OK"]


def test_breaking_off_fails_every_call_once() -> None:
    """All slots get the reason; subscriptions wait for the next connection instead."""
    pipeline, recorder, _ = subscribed()
    slots = waiting(pipeline, 3)
    pipeline.break_off("cut")
    pipeline.break_off("again")
    assert [[str(reply) for reply in slot.replies] for slot in slots] == [["cut"]] * 3
    assert recorder.subscribed == 0
