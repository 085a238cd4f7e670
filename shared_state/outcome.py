"""What became of a transaction: a closed set of values, never an exception."""

from __future__ import annotations

from typing import TypeAlias

import attrs


@attrs.frozen
class Rejection:
    """A rule's refusal: ``code`` for programs (``too_far``), ``text`` for the player. Nothing is written."""

    code: str
    text: str = ""


@attrs.frozen
class Committed:
    """It took effect, as part of ``version``; this node's replica has reached it."""

    version: int


@attrs.frozen
class Rejected:
    """The rule refused, on the state of ``version``."""

    version: int
    rejection: Rejection


@attrs.frozen
class Busy:
    """Nothing was written, it may be sent again; ``reason``: lost too often, queue full, store refuses writes."""

    reason: str = ""


@attrs.frozen
class Fenced:
    """The session is served elsewhere now, or is gone: this node may not write for it any more."""


@attrs.frozen
class Unknown:
    """The answer was lost, and the store no longer tells what it was; only for work that belongs to no session."""


Outcome: TypeAlias = Committed | Rejected | Busy | Fenced | Unknown
