"""The one way in which a game's own code is run: contained, and so that the log says what was done.

A node runs each deed in a job; whoever replays the log (``replay``) runs the same functions on the same arguments.
Must not know: jobs, connections. Invariant: whatever a game's code raises or returns, a deed returns a Rejection or
what it promises; only running out of entity ids gets through, because then the deed is done again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import structlog

from server.game import Action, Actor, Command, CommandSpec, EntityId, Game, Rejection, TimedRule, Transaction
from server.session.boundary import Boundary
from server.session.cause import note
from shared_state.names import SessionId
from shared_state.transaction import OutOfIds

log = structlog.get_logger()

GAME_FAILED = Rejection("internal", "the game failed on this command")
AVATAR_GONE = Rejection("gone", "the avatar is no longer there")


def enter(game: Game, session: SessionId, name: str, node: str, tx: Transaction) -> Actor | Rejection:
    """Makes a player's avatar, and has it arrive at a node."""
    note(tx, "enter", Actor(session, EntityId(0), name, node))
    rule = game.enter_rule
    assert rule is not None
    made: object = GAME_FAILED
    with _around("enter"):
        made = rule(tx, name)
    if not isinstance(made, int):
        return made if isinstance(made, Rejection) else GAME_FAILED
    actor = Actor(session, EntityId(made), name, node)
    return _run("arrive", game.arrive_rule, tx, actor) or actor


def arrive(game: Game, actor: Actor, tx: Transaction) -> Rejection | None:
    """Has a player's avatar go on at another node; refused if it is not there. If the game fails, it is not told."""
    note(tx, "arrive", actor)
    if not tx.exists(actor.entity):
        return AVATAR_GONE
    if _run("arrive", game.arrive_rule, tx, actor) is not None:
        tx.abandon()
    return None


def leave(game: Game, actor: Actor, tx: Transaction) -> Rejection | None:
    """Takes a player's avatar out of the world; if the game fails, the session ends without it."""
    note(tx, "leave", actor)
    rule = game.leave_rule
    assert rule is not None
    if _run("leave", rule, tx, actor) is not None:
        tx.abandon()
    return None


def obey(spec: CommandSpec, actor: Actor, command: Command, tx: Transaction) -> Rejection | None:
    """Does what a player commands."""
    note(tx, "do", actor, spec.name, command)
    return _run(spec.name, spec.rule, tx, actor, command)


def end(
    action: Action, how: Literal["finish", "otherwise"], actor: Actor, command: Command, tx: Transaction
) -> Rejection | None:
    """Brings an action to one of its ends."""
    note(tx, how, actor, action.command, command)
    ending = action.finish if how == "finish" else action.otherwise
    return _run(action.command, ending, tx, actor, command)


def happen(timed: TimedRule, tx: Transaction) -> Rejection | None:
    """Does what happens by itself."""
    note(tx, "every", rule=timed.name)
    return _run(timed.name, timed.rule, tx)


def _run(name: str, rule: Callable[..., object], *args: object) -> Rejection | None:
    """What a rule returned, if it may return that: rules are other people's code."""
    with _around(name):
        ruled = rule(*args)
        if ruled is None or isinstance(ruled, Rejection):
            return ruled
        log.error("a rule must return None or a Rejection", rule=name, returned=type(ruled).__name__)
    return GAME_FAILED


@lru_cache
def _around(rule: str) -> Boundary:
    return Boundary(OutOfIds, rule=rule)
