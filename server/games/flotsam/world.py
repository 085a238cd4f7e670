"""The bay: what is in it and how large it is. Lengths in world units (about a centimetre each), times in ms."""

from __future__ import annotations

from collections.abc import Mapping

from server.game import EntityId, Game, Kind

SIZE = 4000
REACH = 60
STROKE = 40
SPEED_PER_S = 400
BURST_MS = 600
CRATES = 80

game = Game(
    name="flotsam",
    cell_size=250.0,
    bounds=(0.0, 0.0, float(SIZE), float(SIZE)),
    view_radius=700.0,
    max_view_radius=1200.0,
    events=["shout", "picked"],
)


@game.kind
class Boat(Kind, frozen=True):
    """A player's boat. ``rested_ms`` is when its oarsman has his full strength back."""

    x: int
    y: int
    name: str
    gold: int = 0
    rested_ms: int = 0


@game.kind
class Crate(Kind, frozen=True):
    """Floating cargo, for whoever is first."""

    x: int
    y: int
    gold: int


@game.secret_kind
class Ledger(Kind, frozen=True):
    """The mint: how much gold was ever made, and the crates that the leader keeps afloat."""

    minted: int
    afloat: list[int]


@game.invariant
def gold_conserved(entities: Mapping[EntityId, Kind]) -> str | None:
    """Minted gold is in boats and crates, all of it and no more."""
    minted = sum(e.minted for e in entities.values() if isinstance(e, Ledger))
    held = sum(e.gold for e in entities.values() if isinstance(e, (Boat, Crate)))
    return None if minted == held else f"minted {minted}, but boats and crates hold {held}"


@game.invariant
def all_in_the_bay(entities: Mapping[EntityId, Kind]) -> str | None:
    """Nothing floats outside."""
    for entity_id, entity in entities.items():
        if isinstance(entity, (Boat, Crate)) and not (0 <= entity.x < SIZE and 0 <= entity.y < SIZE):
            return f"entity {entity_id} is at {entity.x}, {entity.y}"
    return None
