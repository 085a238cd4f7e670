"""A game for tests: every shape of rule that a session has to stand, the broken ones included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction

SECRET_TEXT = "buried at the third palm"
game = Game(
    name="harbour",
    cell_size=100.0,
    bounds=(-1000.0, -1000.0, 1000.0, 1000.0),
    view_radius=150.0,
    max_view_radius=400.0,
    events=["said", "whispered"],
)


@game.kind
class Boat(Kind, frozen=True):
    """Has a place."""

    x: float
    y: float
    name: str
    gold: int = 0


@game.kind
class Flag(Kind, frozen=True):
    """Has none, and holds anything."""

    text: str
    data: Any = None


@game.secret_kind
class Map(Kind, frozen=True):
    """Nobody is shown it, though it lies in the water."""

    x: float
    y: float
    text: str


class Sail(Command, frozen=True):
    """Moves by any numbers."""

    dx: float
    dy: float = 0.0
    by: int | None = None


class Count(Command, frozen=True):
    """Takes numbers of all types, nested ones too."""

    whole: int = 0
    real: float = 0.0
    ref: EntityId = EntityId(0)
    maybe: float | None = None
    many: list[float] = []
    named: dict[str, float] = {}
    bounded: Annotated[float, msgspec.Meta(ge=-10, le=10)] = 0.0


class Say(Command, frozen=True):
    """Changes nothing, is heard by those who see."""

    text: str = ""


class Whisper(Command, frozen=True):
    """Is heard by one session."""

    to: str
    text: str


class Sink(Command, frozen=True):
    """Deletes an entity."""

    what: EntityId


class Hoist(Command, frozen=True):
    """Makes a flag with any data."""

    text: str
    data: Any = None


class Bury(Command, frozen=True):
    """Makes a secret here, moves it, and gives it another text."""


class Burst(Command, frozen=True):
    """Its rule raises."""

    after_write: bool = False


class Babble(Command, frozen=True):
    """Its rule returns what a rule may not return."""


class Broadcast(Command, frozen=True):
    """Its rule emits what cannot be encoded."""


class Refuse(Command, frozen=True):
    """Is always refused."""


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId | Rejection:
    """A boat at the origin; some names meet a broken game."""
    if name == "unwanted":
        return Rejection("unwanted", "not you")
    if name == "cursed":
        raise RuntimeError("the harbour is cursed")
    return tx.create(Boat(0.0, 0.0, name))


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """Takes the boat away."""
    if tx.get(actor.entity, Boat) is not None:
        tx.delete(actor.entity)


@game.rule(Sail, rate_hz=50, burst=100)
def sail(tx: Transaction, actor: Actor, command: Sail) -> Rejection | None:
    """Moves the boat."""
    boat = tx.get(actor.entity, Boat)
    if boat is None:
        return Rejection("no_boat")
    tx.patch(actor.entity, x=boat.x + command.dx, y=boat.y + command.dy)
    return None


@game.rule(Count, rate_hz=1000, burst=1000)
def count(tx: Transaction, actor: Actor, command: Count) -> Rejection | None:
    """Stores a number, if one can."""
    tx.create(Flag("count", [command.whole, command.real, command.maybe, command.many, command.named]))
    return None


@game.rule(Say)
def say(tx: Transaction, actor: Actor, command: Say) -> Rejection | None:
    """Speaks where the boat is."""
    boat = tx.get(actor.entity, Boat)
    if boat is not None:
        tx.emit("said", {"text": command.text}, x=boat.x, y=boat.y)
    return None


@game.rule(Whisper)
def whisper(tx: Transaction, actor: Actor, command: Whisper) -> Rejection | None:
    """Speaks to one."""
    tx.emit_to(command.to, "whispered", {"text": command.text})
    return None


@game.rule(Sink)
def sink(tx: Transaction, actor: Actor, command: Sink) -> Rejection | None:
    """Sinks a boat."""
    if tx.get(command.what, Boat) is None:
        return Rejection("gone", "no such boat")
    tx.delete(command.what)
    return None


@game.rule(Hoist)
def hoist(tx: Transaction, actor: Actor, command: Hoist) -> Rejection | None:
    """Hoists a flag."""
    tx.create(Flag(command.text, command.data))
    return None


@game.rule(Bury)
def bury(tx: Transaction, actor: Actor, command: Bury) -> Rejection | None:
    """Buries a map, digs it up and buries it elsewhere."""
    treasure = tx.create(Map(0.0, 0.0, SECRET_TEXT))
    tx.put(treasure, Map(30.0, 0.0, SECRET_TEXT))
    return None


@game.rule(Burst)
def burst(tx: Transaction, actor: Actor, command: Burst) -> Rejection | None:
    """Breaks."""
    if command.after_write:
        tx.create(Flag("half done"))
    raise KeyError("no such thing")


@game.rule(Babble)
def babble(tx: Transaction, actor: Actor, command: Babble) -> Rejection | None:
    """Returns an id, as a rule that forgot its last line does."""
    return tx.create(Flag("babble"))  # type: ignore[return-value]


@game.rule(Broadcast)
def broadcast(tx: Transaction, actor: Actor, command: Broadcast) -> Rejection | None:
    """Emits an object."""
    tx.emit("said", object())
    return None


@game.rule(Refuse)
def refuse(tx: Transaction, actor: Actor, command: Refuse) -> Rejection | None:
    """Says no."""
    return Rejection("no", "never")


@game.invariant
def boats_have_names(entities: Mapping[EntityId, Kind]) -> str | None:
    """Each boat is called something."""
    nameless = [id_ for id_, entity in entities.items() if isinstance(entity, Boat) and not entity.name]
    return f"no name: {nameless}" if nameless else None
