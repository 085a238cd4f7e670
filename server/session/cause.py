"""Why a commit happened: what the log says of it, so that whoever reads the log can run the game's rule again.

A record of the log has the session, the command's number and the tag already; the tag is the seed of the rule's chance.
A cause adds what was done, by whom, and the time that the rule saw.
Must not know: rules, the store. Invariant: a cause is complete: nothing in it points back into the log.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from server.errors import ServerError
from server.game import Actor, Command, Transaction

What: TypeAlias = Literal["enter", "arrive", "leave", "do", "finish", "otherwise", "every"]


class Cause(msgspec.Struct, array_like=True, frozen=True):
    """What the game did in one commit.

    ``now_ms``: the time that the rule saw, milliseconds since 1970. ``rule``: the command or timed rule. ``entity``,
    ``player``, ``node``: who acted. ``args``: the command's fields, in order. ``leases``: those that the commit was
    made under, each with its token as text.
    """

    what: What
    now_ms: int
    rule: str = ""
    entity: int = 0
    player: str = ""
    node: str = ""
    args: list[Any] = []
    leases: dict[str, str] = {}


class UnreadableCause(ServerError):
    """Bytes that are no cause, or one of another game; the text says what."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cause).decode


def note(
    tx: Transaction, what: What, actor: Actor | None = None, rule: str = "", command: Command | None = None
) -> None:
    """Has the log say why this transaction happened."""
    who = (0, "", "") if actor is None else (actor.entity, actor.name, actor.node)
    args = [] if command is None else list(msgspec.structs.astuple(command))
    leases = {name: str(token) for name, token in tx.guards.items()}
    tx.cause = _encode(Cause(what, tx.now_ms, rule, *who, args, leases))


def read_cause(cause: bytes) -> Cause:
    """A cause from a record of the log. Raises: UnreadableCause."""
    try:
        return _decode(cause)
    except msgspec.MsgspecError as error:
        raise UnreadableCause(str(error)) from None
