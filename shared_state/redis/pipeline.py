"""The order of calls on one connection: which reply belongs to whom. Sans I/O.

How it works: every command that is sent takes a slot in a queue, and every reply goes to the oldest slot. A caller
that gave up leaves its slot in place, so replies never shift. Subscribing takes a slot too: it is confirmed by a
push, which arrives in order with the replies, but refused by an ordinary error reply.
Must not know: sockets, tasks. Invariant: as many slots as commands without an answer, in the order they were sent.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import attrs
import hiredis

from shared_state.errors import StoreError, StoreUnavailable
from shared_state.redis.replies import Demoted, translate
from shared_state.redis.subscriptions import Subscriptions

SUBSCRIBED, UNSUBSCRIBED = b"ssubscribe", b"sunsubscribe"
"""Kinds of push that confirm."""
_INCOMPLETE = object()


class ProtocolBroken(StoreUnavailable):
    """The server sent what is not the protocol, or a reply that nothing was asked for."""


class Slot(Protocol):
    """A place in the queue of commands without an answer."""

    def deliver(self, reply: Any) -> None:
        """Takes the reply; an error reply is a StoreError instance."""


@attrs.frozen(eq=False)
class ChannelSlot:
    """The place of a subscribe or unsubscribe command; ``push`` is the kind of push that confirms it."""

    push: bytes
    channel: bytes
    subscriptions: Subscriptions

    def deliver(self, reply: Any) -> None:
        """Takes a refusal. Raises: StoreUnavailable, when a listener would stay deaf otherwise."""
        if self.push != SUBSCRIBED or not isinstance(reply, StoreError):
            return  # whoever gave a channel up does not mind
        if self.subscriptions.refused(self.channel, reply):
            raise StoreUnavailable(f"subscription refused: {reply}")


class Pipeline:
    """Slots and the reply parser of one connection.

    ``lost`` collects channels that the server unsubscribed by itself: they are to be subscribed again.
    """

    def __init__(self, subscriptions: Subscriptions) -> None:
        self.slots: deque[Slot] = deque()
        self.lost: list[bytes] = []
        self._subscriptions = subscriptions
        self._reader = hiredis.Reader(protocolError=ProtocolBroken, replyError=translate, notEnoughData=_INCOMPLETE)

    def feed(self, data: bytes) -> None:
        """Takes received bytes and delivers what they complete.

        Raises: StoreUnavailable, when the connection is of no more use.
        """
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _INCOMPLETE:
            if isinstance(reply, hiredis.PushNotification):
                self._take_push(reply)
            else:
                self._take_reply(reply)

    def break_off(self, reason: str) -> None:
        """Fails every command without an answer."""
        slots, self.slots = self.slots, deque()
        for slot in slots:
            if not isinstance(slot, ChannelSlot):
                slot.deliver(StoreUnavailable(reason))

    def _take_reply(self, reply: Any) -> None:
        if not self.slots:
            raise ProtocolBroken("a reply that nothing was asked for")
        self.slots.popleft().deliver(reply)
        if isinstance(reply, Demoted):
            raise StoreUnavailable(str(reply))

    def _take_push(self, push: list[Any]) -> None:
        kind = push[0]
        if kind == b"smessage":
            self._subscriptions.deliver(push[1], push[2])
        elif kind == SUBSCRIBED:
            self._confirms(kind, push[1])
            self._subscriptions.confirmed(push[1])
        elif kind == UNSUBSCRIBED and not self._confirms(kind, push[1]) and self._subscriptions.lost(push[1]):
            self.lost.append(push[1])

    def _confirms(self, kind: bytes, channel: bytes) -> bool:
        """Whether a push answers the oldest command; if so, its slot is done."""
        slot = self.slots[0] if self.slots else None
        if not isinstance(slot, ChannelSlot) or slot.push != kind or slot.channel != channel:
            return False
        self.slots.popleft()
        return True
