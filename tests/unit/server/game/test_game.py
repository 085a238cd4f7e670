"""The API that games are written on: what a game tells of itself, and the mistakes that it names."""

from __future__ import annotations

import math
import types
from typing import Annotated

import msgspec
import pytest

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction
from server.game.errors import GameError
from server.game.game import load_game
from server.wire.codec import JSON
from server.wire.messages import CommandInfo, FieldInfo, KindInfo


class Thing(Kind, frozen=True):
    """A kind of these tests."""

    x: int
    y: float
    name: str
    open: bool
    owner: EntityId
    rest: list[int]


class Push(Command, frozen=True):
    """A command of these tests."""

    far: Annotated[int, msgspec.Meta(ge=-5, le=5)]
    thing: EntityId
    text: Annotated[str, msgspec.Meta(max_length=8)] = ""


def push(tx: Transaction, actor: Actor, command: Push) -> Rejection | None:
    """A rule of these tests."""
    return None


def new_game() -> Game:
    """A game that can be loaded."""
    game = Game("small")
    game.kind(Thing)
    game.on_enter(lambda tx, name: tx.create(Thing(0, 0, name, True, EntityId(0), [])))
    game.on_leave(lambda tx, actor: tx.delete(actor.entity))
    return game


def test_a_game_describes_kinds_and_commands() -> None:
    """Clients are told names, types and bounds of all fields, and kinds in the order of their numbers."""
    game = new_game()
    game.rule(Push)(push)
    game.events.append("pushed")
    told = game.wire_schema()
    fields = [("x", "int"), ("y", "float"), ("name", "str"), ("open", "bool"), ("owner", "ref"), ("rest", "any")]
    assert told.kinds == [KindInfo("Thing", [FieldInfo(*field) for field in fields])]
    assert told.commands == [
        CommandInfo(
            "push",
            [FieldInfo("far", "int", -5.0, 5.0), FieldInfo("thing", "ref"), FieldInfo("text", "str", None, 8.0)],
        )
    ]
    assert (told.game, told.events, told.bounds) == ("small", ["pushed"], (0.0, 0.0, 1000.0, 1000.0))
    assert JSON.decode_to_client(JSON.encode_value({"type": "error", "code": "", "text": ""}))


def test_a_command_has_one_rule() -> None:
    """A second rule, also one that differs only in case, is an error that names the command."""
    game = new_game()
    game.rule(Push)(push)
    with pytest.raises(GameError, match="push"):
        game.rule(Push)
    with pytest.raises(GameError, match="push"):
        game.rule(type("PUSH", (Command,), {}, frozen=True))  # type: ignore[call-arg]


def test_a_rule_is_for_a_command() -> None:
    """Any other class is an error that names it."""
    with pytest.raises(GameError, match="thing"):
        new_game().rule(Thing)  # type: ignore[type-var]


def test_timed_rules_and_invariants_have_the_names_of_their_functions() -> None:
    """Reports and logs name what happened or failed."""
    game = new_game()

    @game.every(2.0)
    def ebb(tx: Transaction) -> None:
        """Happens."""

    @game.invariant
    def dry(entities: object) -> str | None:
        """Holds not."""
        return "it is wet"

    assert [(rule.name, rule.every_s) for rule in game.timed_rules] == [("ebb", 2.0)]
    assert [(invariant.name, invariant.check({})) for invariant in game.invariants] == [("dry", "it is wet")]


def test_a_secret_kind_is_a_kind() -> None:
    """It has a number like the others, and is marked."""
    game = new_game()

    @game.secret_kind
    class Hidden(Kind, frozen=True):
        """Not shown."""

        text: str

    assert game.kinds == [Thing, Hidden]
    assert game.secret_kinds == {Hidden}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("no_such_module_here:game", "No module named"),
        ("server.games.flotsam:nothing", "no Game named 'nothing'"),
        ("json:loads", "no Game named 'loads'"),
        ("json", "No module named 'server.games.json'"),
        ("", "not module:attribute"),
        (":game", "not module:attribute"),
        (".games:game", "not module:attribute"),
    ],
)
def test_what_is_no_game_is_named(path: str, says: str) -> None:
    """A wrong module, attribute or path is one line that tells what is wrong with it."""
    with pytest.raises(GameError, match=says) as caught:
        load_game(path)
    assert "\n" not in str(caught.value)


def test_a_game_that_cannot_be_played_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ways in and out, or with kinds that cannot be stored, it is refused when the node starts."""
    module = types.ModuleType("games_of_this_test")
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    module.whole = new_game()  # type: ignore[attr-defined]
    module.no_way_out = new_game()  # type: ignore[attr-defined]
    module.no_way_out.leave_rule = None
    module.no_kinds = new_game()  # type: ignore[attr-defined]
    module.no_kinds.kinds.clear()
    module.twice = new_game()  # type: ignore[attr-defined]
    module.twice.kind(Thing)
    assert load_game("games_of_this_test:whole") is module.whole
    for attribute, says in [("no_way_out", "on_leave"), ("no_kinds", "kinds"), ("twice", "same name")]:
        with pytest.raises(GameError, match=says):
            load_game(f"games_of_this_test:{attribute}")


def test_the_shipped_game_loads() -> None:
    """Flotsam, by its name and by its path."""
    assert load_game("flotsam") is load_game("server.games.flotsam:game")


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.inf])
def test_an_action_takes_some_time(seconds: float) -> None:
    """No time, less than none, or for ever is an error that names the command."""
    game = new_game()
    game.rule(Push)(push)
    with pytest.raises(GameError, match="push"):
        game.action(Push, seconds=seconds, lease=lambda command: "one")


def test_an_action_goes_on_from_a_rule_once() -> None:
    """Without a rule there is nothing to go on from; a second action is an error too."""
    game = new_game()
    with pytest.raises(GameError, match="push"):
        game.action(Push, seconds=1, lease=lambda command: "one")
    game.rule(Push)(push)
    game.action(Push, seconds=1, lease=lambda command: "one")(push)
    with pytest.raises(GameError, match="push"):
        game.action(Push, seconds=1, lease=lambda command: "one")
