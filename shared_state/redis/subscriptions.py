"""Who listens to which channel of one link, through all its reconnections.

Pure but for the event that a new subscriber waits on. Invariant: a listener is told ``on_subscribed`` before it gets
the first message of each connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import trio

from shared_state.errors import StoreError
from shared_state.redis.replies import Redirected
from shared_state.store import DeltaListener


def _ignore(_: Redirected) -> None:
    """One server alone redirects nobody."""


@attrs.define(eq=False)
class Subscription:
    """The listeners of one channel.

    ``live``: the present connection has confirmed it. ``settled``: it was confirmed or refused once.
    """

    listeners: list[DeltaListener] = attrs.field(factory=list)
    live: bool = False
    refusal: StoreError | None = None
    settled: trio.Event = attrs.field(factory=trio.Event)


@attrs.define(eq=False)
class Subscriptions:
    """All channels of one link.

    Args:
        on_redirected: told that another server has a channel now, to which it is to be handed over.
    """

    on_redirected: Callable[[Redirected], None] = _ignore
    _channels: dict[bytes, Subscription] = attrs.field(factory=dict)

    def channels(self) -> Iterable[bytes]:
        """Channels that a new connection must subscribe to."""
        return tuple(self._channels)

    def add(self, channel: bytes, listener: DeltaListener) -> tuple[Subscription, bool]:
        """Adds a listener. Returns: the subscription; whether it is new, so that the server must be asked."""
        subscription = self._channels.get(channel)
        new = subscription is None
        if subscription is None:
            subscription = self._channels[channel] = Subscription()
        subscription.listeners.append(listener)
        if subscription.live:
            listener.on_subscribed()
        return subscription, new

    def remove(self, channel: bytes, listener: DeltaListener) -> bool:
        """Removes a listener. Returns: whether it was the last one, so that the server must be told."""
        subscription = self._channels[channel]
        subscription.listeners.remove(listener)
        if subscription.listeners:
            return False
        del self._channels[channel]
        return True

    def give_up(self, channel: bytes) -> Subscription:
        """Hands a channel over to another link, listeners and all."""
        subscription = self._channels.pop(channel)
        subscription.live = False
        return subscription

    def adopt(self, channel: bytes, subscription: Subscription) -> None:
        """Takes a channel over from another link; the server must be asked."""
        self._channels[channel] = subscription

    def confirmed(self, channel: bytes) -> None:
        """The server says that the channel is subscribed now."""
        subscription = self._channels.get(channel)
        if subscription is None:
            return
        subscription.live = True
        subscription.settled.set()
        for listener in tuple(subscription.listeners):
            listener.on_subscribed()

    def refused(self, channel: bytes, error: StoreError) -> bool:
        """The server will not subscribe. Returns: whether the channel was live before, so that someone is deaf now."""
        subscription = self._channels.get(channel)
        if subscription is None:
            return False
        if isinstance(error, Redirected):
            self.on_redirected(error)
            return False
        if subscription.settled.is_set():
            return True
        subscription.refusal = error
        subscription.settled.set()
        return False

    def lost(self, channel: bytes) -> bool:
        """The server ended a subscription. Returns: whether anyone still wants it."""
        subscription = self._channels.get(channel)
        if subscription is None:
            return False
        subscription.live = False
        return True

    def all_lost(self) -> None:
        """The connection is gone."""
        for subscription in self._channels.values():
            subscription.live = False

    def deliver(self, channel: bytes, payload: bytes) -> None:
        """Hands a message to the channel's listeners, in the order they came."""
        subscription = self._channels.get(channel)
        if subscription is not None and subscription.live:
            for listener in tuple(subscription.listeners):
                listener.on_delta(payload)
