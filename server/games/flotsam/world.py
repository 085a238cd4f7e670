"""The bay: what is in it, and its measures. Lengths in world units (about a centimetre each), times in ms.

Two goods float in the bay: gold, which is what the score counts, and oil, which buys lighthouses.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from server.game import Counter, Game, Kind
from server.games.flotsam.motion import SIZE

REACH = 60
"""How far a crate may be to be grabbed, along each axis."""
STROKE = 40
HULL = 100
CRATES = 120
WRECKS = 10
LEADERS = 10

game = Game(
    name="flotsam",
    cell_size=250.0,
    bounds=(0.0, 0.0, float(SIZE), float(SIZE)),
    view_radius=700.0,
    max_view_radius=1200.0,
    events=["shout", "picked", "rammed", "offered", "traded", "salvaging", "salvaged", "gave_up", "paid", "kept"],
)

Score: TypeAlias = tuple[int, str, int]
"""A boat, its name, its gold."""


@game.kind
class Boat(Kind, frozen=True):
    """A player's boat.

    ``rested_ms``: when the crew has its full strength back. ``dx``, ``dy``: its last stroke. ``rams_ms``: from when on
    it can ram. ``offer``: what it offers (0: nothing). ``salvages``: the wreck that it works on until ``busy_ms``.
    ``node``: the node that its player is connected to.
    """

    x: int
    y: int
    name: str
    gold: int = 0
    rested_ms: int = 0
    dx: int = 0
    dy: int = 0
    oil: int = 0
    hull: int = HULL
    rams_ms: int = 0
    offer: int = 0
    salvages: int = 0
    busy_ms: int = 0
    node: str = ""


@game.kind
class Crate(Kind, frozen=True):
    """Floating cargo, for whoever is first."""

    x: int
    y: int
    gold: int
    oil: int = 0


@game.kind
class Wreck(Kind, frozen=True):
    """What is left of a boat, or of an old ship, with its cargo; whoever works on it for a while has it."""

    x: int
    y: int
    gold: int
    oil: int
    name: str


@game.kind
class Offer(Kind, frozen=True):
    """What one boat would give to another, and for what, until a time. Lies where it was made."""

    x: int
    y: int
    seller: int
    buyer: int
    gives_gold: int
    gives_oil: int
    wants_gold: int
    wants_oil: int
    until_ms: int


@game.kind
class Lighthouse(Kind, frozen=True):
    """Kept by whoever pledged most oil (0: nobody); the pledge burns down. ``lamp`` is where its goods are."""

    x: int
    y: int
    name: str
    lamp: int
    keeper: int = 0
    keeper_name: str = ""
    pledge: int = 0


@game.kind
class Lamp(Kind, frozen=True):
    """What was brought to a lighthouse: tributes of gold not paid out yet, and all oil ever burnt.

    Apart from the lighthouse, so that those who bring something never wait for each other.
    """

    gold: Counter
    oil: Counter
    x: int
    y: int


@game.kind
class Storm(Kind, frozen=True):
    """Takes along what it meets; ``dx``, ``dy``: how far, each time it moves."""

    x: int
    y: int
    radius: int
    dx: int
    dy: int


@game.kind
class Board(Kind, frozen=True):
    """The boats with the most gold, as far as they are known, richest first."""

    scores: list[Score]


@game.secret_kind
class Ledger(Kind, frozen=True):
    """What the leader keeps in mind: all gold and oil ever made, what the sea brought, lighthouses, the storm."""

    gold: int
    oil: int
    afloat: list[int]
    wrecks: list[int] = msgspec.field(default_factory=list)
    lights: list[int] = msgspec.field(default_factory=list)
    storm: int = 0
