"""Listeners of channels, over connections that come and go."""

from __future__ import annotations

from shared_state.errors import StoreError
from shared_state.redis.subscriptions import Subscriptions
from tests.contract.writer import Recorder


def test_the_first_listener_asks_and_the_last_one_gives_up() -> None:
    """The server hears of a channel once."""
    subscriptions, first, second = Subscriptions(), Recorder(), Recorder()
    assert subscriptions.add(b"c", first)[1] is True
    assert subscriptions.add(b"c", second)[1] is False
    assert subscriptions.remove(b"c", first) is False
    assert subscriptions.remove(b"c", second) is True
    assert list(subscriptions.channels()) == []


def test_a_listener_of_a_live_channel_is_told_at_once() -> None:
    """It will get what comes from now on."""
    subscriptions, first, second = Subscriptions(), Recorder(), Recorder()
    subscriptions.add(b"c", first)
    subscriptions.confirmed(b"c")
    subscriptions.add(b"c", second)
    assert (first.subscribed, second.subscribed) == (1, 1)
    subscriptions.deliver(b"c", b"d")
    assert first.deltas == second.deltas == [b"d"]


def test_each_confirmation_is_told() -> None:
    """A new connection subscribes again, and every listener learns of it."""
    subscriptions, recorder = Subscriptions(), Recorder()
    subscriptions.add(b"c", recorder)
    subscriptions.confirmed(b"c")
    subscriptions.all_lost()
    subscriptions.deliver(b"c", b"from nowhere")
    subscriptions.confirmed(b"c")
    assert (recorder.subscribed, recorder.deltas) == (2, [])


def test_channels_that_nobody_wants_are_ignored() -> None:
    """Late confirmations, messages, losses and refusals of a channel that was given up."""
    subscriptions = Subscriptions()
    subscriptions.confirmed(b"c")
    subscriptions.deliver(b"c", b"d")
    assert subscriptions.lost(b"c") is False
    assert subscriptions.refused(b"c", StoreError("no")) is False


def test_only_a_first_refusal_is_for_the_subscriber() -> None:
    """Once it was live a refusal is for the connection to handle."""
    subscriptions, recorder = Subscriptions(), Recorder()
    subscription, _ = subscriptions.add(b"c", recorder)
    assert subscriptions.refused(b"c", StoreError("no")) is False
    assert str(subscription.refusal) == "no"
    other, _ = subscriptions.add(b"d", recorder)
    subscriptions.confirmed(b"d")
    assert subscriptions.refused(b"d", StoreError("no")) is True
    assert other.refusal is None
