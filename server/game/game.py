"""A game: kinds, commands with their rules, what happens on entering and leaving, timed rules, invariants.

A game is one object built by decorators in a module of its own and named ``module:game`` when a node starts.
Rules are plain functions: no I/O, no clock, no chance but through the transaction.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import attrs

from server.game.action import Action, Ending, Look
from server.game.actor import Actor
from server.game.command import Command, CommandSpec, describe_fields, number_fields
from server.game.errors import GameError
from server.game.world_kind import WorldKind
from server.wire import messages
from shared_state.entity import EntityId
from shared_state.errors import SchemaError
from shared_state.outcome import Rejection
from shared_state.schema import Kind, Schema
from shared_state.transaction import Transaction

C = TypeVar("C", bound=Command)
K = TypeVar("K", bound=type[Kind])
Rule = Callable[[Transaction, Actor, Any], Rejection | None]
EnterRule = Callable[[Transaction, str], EntityId | Rejection]
ArriveRule = Callable[[Transaction, Actor], None]
LeaveRule = Callable[[Transaction, Actor], None]


def _always(*_: object) -> bool:
    """An action that only time ends."""
    return True


def _nothing(*_: object) -> None:
    """Nothing happens."""


@attrs.frozen
class TimedRule:
    """A rule that the world's leader runs every ``every_s`` seconds, under its lease."""

    name: str
    every_s: float
    rule: Callable[[Transaction], Rejection | None]


@attrs.frozen
class Invariant:
    """What must hold at every version; ``check`` returns what is wrong, or None."""

    name: str
    check: Callable[[Mapping[EntityId, Kind]], str | None]


@attrs.define(eq=False)
class Game:
    """What one world plays.

    Args:
        name: its name, shown to clients.
        cell_size: edge of a grid cell in world units.
        bounds: left, top, right, bottom of the world in world units.
        view_radius, max_view_radius: how far a player sees, in world units: at first, and at most.
        world_kinds: what worlds there are; the first kind is that of a world made by its name alone.
    """

    name: str
    cell_size: float = 100.0
    bounds: tuple[float, float, float, float] = (0.0, 0.0, 1000.0, 1000.0)
    view_radius: float = 300.0
    max_view_radius: float = 1000.0
    world_kinds: tuple[WorldKind, ...] = (WorldKind("world"),)
    kinds: list[type[Kind]] = attrs.field(factory=list)
    secret_kinds: set[type[Kind]] = attrs.field(factory=set)
    commands: dict[str, CommandSpec] = attrs.field(factory=dict)
    actions: dict[str, Action] = attrs.field(factory=dict)
    events: list[str] = attrs.field(factory=list)
    timed_rules: list[TimedRule] = attrs.field(factory=list)
    invariants: list[Invariant] = attrs.field(factory=list)
    enter_rule: EnterRule | None = None
    arrive_rule: ArriveRule = _nothing
    leave_rule: LeaveRule | None = None

    def kind(self, kind: K) -> K:
        """Class decorator: a kind of this world; its number is its place in the module."""
        self.kinds.append(kind)
        return kind

    def secret_kind(self, kind: K) -> K:
        """Class decorator: a kind that is never shown to clients."""
        self.secret_kinds.add(kind)
        return self.kind(kind)

    def rule(
        self, command: type[C], *, rate_hz: float = 20.0, burst: int = 40, strict: bool = False
    ) -> Callable[[Callable[[Transaction, Actor, C], Rejection | None]], Rule]:
        """Decorator: the rule of a command, named by the command class in lower case.

        Raises:
            GameError: the command has a rule already, or is no Command.
        """
        name = command.__name__.lower()
        if name in self.commands or not issubclass(command, Command):
            raise GameError(f"{name}: not a command, or it has a rule already")

        def register(rule: Callable[[Transaction, Actor, C], Rejection | None]) -> Rule:
            fields = describe_fields(command)
            spec = CommandSpec(name, command, rule, rate_hz, burst, strict, fields, number_fields(fields))
            self.commands[name] = spec
            return rule

        return register

    def action(
        self,
        command: type[C],
        *,
        seconds: float,
        lease: Callable[[C], str],
        still: Callable[[Look, Actor, C], bool] = _always,
        otherwise: Callable[[Transaction, Actor, C], Rejection | None] = _nothing,
    ) -> Callable[[Callable[[Transaction, Actor, C], Rejection | None]], Ending]:
        """Decorator: what a command brings ``seconds`` after its rule let it begin; see ``Action``.

        Raises:
            GameError: the command has no rule yet, or an action already, or takes no time.
        """
        name = command.__name__.lower()
        if name not in self.commands or name in self.actions or not 0 < seconds < math.inf:
            raise GameError(f"{name}: an action needs a command with a rule, once, and a time above 0")

        def register(finish: Callable[[Transaction, Actor, C], Rejection | None]) -> Ending:
            self.actions[name] = Action(name, seconds, lease, still, finish, otherwise)
            return finish

        return register

    def on_enter(self, rule: EnterRule) -> EnterRule:
        """Decorator: makes the avatar of a player, by name; returns its id, or a Rejection."""
        self.enter_rule = rule
        return rule

    def on_arrive(self, rule: ArriveRule) -> ArriveRule:
        """Decorator: a player is served by ``actor.node`` from now on: entered there, or came back there."""
        self.arrive_rule = rule
        return rule

    def on_leave(self, rule: LeaveRule) -> LeaveRule:
        """Decorator: takes a player's avatar out of the world."""
        self.leave_rule = rule
        return rule

    def broken(self, entities: Mapping[EntityId, Kind]) -> Iterator[tuple[str, str]]:
        """The invariants that do not hold for all entities of a world: name, and what is wrong."""
        for invariant in self.invariants:
            wrong = invariant.check(entities)
            if wrong is not None:
                yield invariant.name, wrong

    def every(self, seconds: float) -> Callable[[Callable[[Transaction], Rejection | None]], TimedRule]:
        """Decorator: a rule that happens by itself, on one node at a time. Raises: GameError, for a name used twice."""

        def register(rule: Callable[[Transaction], Rejection | None]) -> TimedRule:
            timed = TimedRule(rule.__name__, seconds, rule)
            if any(other.name == timed.name for other in self.timed_rules):
                raise GameError(f"{timed.name}: there is a timed rule of that name already")
            self.timed_rules.append(timed)
            return timed

        return register

    def invariant(self, check: Callable[[Mapping[EntityId, Kind]], str | None]) -> Invariant:
        """Decorator: something that must hold at every version."""
        invariant = Invariant(check.__name__, check)
        self.invariants.append(invariant)
        return invariant

    def schema(self) -> Schema:
        """The stored form of the kinds. Raises: SchemaError."""
        return Schema(self.kinds, self.cell_size)

    def wire_schema(self) -> messages.Schema:
        """What clients are told of the game."""
        return messages.Schema(
            game=self.name,
            kinds=[messages.KindInfo(kind.__name__, list(describe_fields(kind))) for kind in self.kinds],
            commands=[messages.CommandInfo(spec.name, list(spec.fields)) for spec in self.commands.values()],
            events=self.events,
            cell_size=self.cell_size,
            bounds=self.bounds,
        )


def load_game(path: str) -> Game:
    """The game named ``module:attribute``, or one that ships, by its name alone. Raises: GameError."""
    module_name, _, attribute = path.partition(":")
    if path.isidentifier():
        module_name = f"server.games.{path}"
    if not module_name or module_name.startswith("."):
        raise GameError(f"game {path!r} is not module:attribute")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise GameError(f"game {path!r}: {error}") from None
    game = getattr(module, attribute or "game", None)
    if not isinstance(game, Game):
        raise GameError(f"game {path!r}: {module_name} has no Game named {attribute or 'game'!r}")
    if game.enter_rule is None or game.leave_rule is None:
        raise GameError(f"game {path!r}: on_enter and on_leave are needed")
    try:
        game.schema()
    except SchemaError as error:
        raise GameError(f"game {path!r}: {error}") from None
    return game
