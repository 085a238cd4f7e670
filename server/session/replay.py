"""Runs what the log says again: from a record's cause to the rule that it came from.

Run in log order, each on a transaction with the record's tag and the cause's time, the rules give the same writes and
events as they did; a verifier compares. Must not know: how records are stored or compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar, assert_never

import msgspec

from server.game import Actor, Command, EntityId, Game, Rejection, Transaction
from server.session import deeds
from server.session.cause import Cause, UnreadableCause
from shared_state.names import SessionId

T = TypeVar("T")


def rule_again(game: Game, session: SessionId, cause: Cause) -> Callable[[Transaction], Rejection | None]:
    """The rule behind a record of the log.

    Args:
        session: the record's.
        cause: the record's, read.

    Raises:
        UnreadableCause: the game has no such rule, or the arguments are not the command's.
    """
    actor = Actor(session, EntityId(cause.entity), cause.player, cause.node)
    match cause.what:
        case "enter":
            return partial(_enter, game, session, cause)
        case "arrive":
            return partial(deeds.arrive, game, actor)
        case "leave":
            return partial(deeds.leave, game, actor)
        case "every":
            return partial(deeds.happen, _named({timed.name: timed for timed in game.timed_rules}, cause))
        case "do":
            return partial(deeds.obey, _named(game.commands, cause), actor, _command(game, cause))
        case "finish" | "otherwise":
            return partial(deeds.end, _named(game.actions, cause), cause.what, actor, _command(game, cause))
        case _:
            assert_never(cause.what)


def _enter(game: Game, session: SessionId, cause: Cause, tx: Transaction) -> Rejection | None:
    made = deeds.enter(game, session, cause.player, cause.node, tx)
    return made if isinstance(made, Rejection) else None


def _named(things: Mapping[str, T], cause: Cause) -> T:
    if cause.rule not in things:
        raise UnreadableCause(f"the game has nothing called {cause.rule!r} to {cause.what}")
    return things[cause.rule]


def _command(game: Game, cause: Cause) -> Command:
    kind = _named(game.commands, cause).type
    try:
        command: Command = msgspec.convert(dict(zip(kind.__struct_fields__, cause.args, strict=True)), kind)
    except (msgspec.ValidationError, ValueError) as error:
        raise UnreadableCause(f"{cause.rule}: {error}") from None
    return command
