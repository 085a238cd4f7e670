"""What a client learns from one message: facts in the past tense, for the bot that owns the client.

Changes of the view are no facts: they are in the mirror. Values only. Invariant: the union is closed.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from server.wire.messages import Ack, EventRow


@attrs.frozen
class Sent:
    """A command that left: its number, name, encoded arguments and when (seconds, the caller's clock)."""

    seq: int
    command: str
    args: bytes
    sent_s: float


@attrs.frozen
class Joined:
    """The node opened a session, or took up the old one."""

    resumed: bool


@attrs.frozen
class Answered:
    """A command got its one answer, ``took_s`` seconds after it was sent."""

    sent: Sent
    ack: Ack
    took_s: float

    @property
    def is_commit(self) -> bool:
        """The command took effect, at ``ack.version``."""
        return not self.ack.code


@attrs.frozen
class Heard:
    """Events happened in view."""

    events: list[EventRow]


@attrs.frozen
class AskedToMove:
    """The node is going away; reconnect after ``after_s`` seconds."""

    after_s: float


@attrs.frozen
class Blamed:
    """The node did not understand or allow something the client sent."""

    code: str
    text: str


Fact: TypeAlias = Joined | Answered | Heard | AskedToMove | Blamed
