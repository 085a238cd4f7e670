"""What must hold in the bay at every version, whatever happened: the invariants, each named and checkable alone."""

from __future__ import annotations

from collections.abc import Mapping

from server.game import EntityId, Kind
from server.games.flotsam.motion import SIZE
from server.games.flotsam.world import (
    HULL,
    LEADERS,
    Board,
    Boat,
    Crate,
    Lamp,
    Ledger,
    Lighthouse,
    Offer,
    Storm,
    Wreck,
    game,
)

HOLDS = (Boat, Crate, Wreck, Lamp)
PLACED = (Boat, Crate, Wreck, Offer, Lighthouse, Lamp, Storm)


@game.invariant
def gold_conserved(entities: Mapping[EntityId, Kind]) -> str | None:
    """Minted gold is in boats, crates, wrecks and lighthouses, all of it and no more."""
    minted = sum(e.gold for e in entities.values() if isinstance(e, Ledger))
    held = sum(e.gold for e in entities.values() if isinstance(e, HOLDS))
    return None if minted == held else f"minted {minted}, but boats, crates, wrecks and lighthouses hold {held}"


@game.invariant
def oil_conserved(entities: Mapping[EntityId, Kind]) -> str | None:
    """Oil that was brought is in boats, crates and wrecks, or went to a lighthouse."""
    brought = sum(e.oil for e in entities.values() if isinstance(e, Ledger))
    held = sum(e.oil for e in entities.values() if isinstance(e, HOLDS))
    return None if brought == held else f"{brought} of oil came, but {held} is there"


@game.invariant
def nothing_negative(entities: Mapping[EntityId, Kind]) -> str | None:
    """Nobody holds less than nothing, and a promise is none of less than nothing."""
    for entity_id, entity in entities.items():
        if isinstance(entity, HOLDS) and (entity.gold < 0 or entity.oil < 0):
            return f"entity {entity_id} holds {entity.gold} gold and {entity.oil} oil"
    return None


@game.invariant
def hulls_in_bounds(entities: Mapping[EntityId, Kind]) -> str | None:
    """A boat that is afloat has some of its hull, and no more than a whole one."""
    wrong = [id_ for id_, e in entities.items() if isinstance(e, Boat) and not 1 <= e.hull <= HULL]
    return f"boat {wrong[0]} has an impossible hull" if wrong else None


@game.invariant
def all_in_the_bay(entities: Mapping[EntityId, Kind]) -> str | None:
    """Nothing floats outside."""
    for entity_id, entity in entities.items():
        if isinstance(entity, PLACED) and not (0 <= entity.x < SIZE and 0 <= entity.y < SIZE):
            return f"entity {entity_id} is at {entity.x}, {entity.y}"
    return None


@game.invariant
def offers_have_sellers(entities: Mapping[EntityId, Kind]) -> str | None:
    """Each offer is the one offer of a boat that is there, made to another."""
    for entity_id, offer in entities.items():
        if isinstance(offer, Offer):
            seller = entities.get(EntityId(offer.seller))
            if not isinstance(seller, Boat) or seller.offer != entity_id or offer.buyer == offer.seller:
                return f"offer {entity_id} is not that of boat {offer.seller}"
    return None


@game.invariant
def lights_are_kept(entities: Mapping[EntityId, Kind]) -> str | None:
    """A lighthouse has a keeper exactly while oil is pledged, and a lamp where it stands."""
    for entity_id, light in entities.items():
        if isinstance(light, Lighthouse):
            lamp = entities.get(EntityId(light.lamp))
            if not isinstance(lamp, Lamp) or (lamp.x, lamp.y) != (light.x, light.y):
                return f"lighthouse {entity_id} has no lamp"
            if light.pledge < 0 or bool(light.keeper) != bool(light.pledge):
                return f"lighthouse {entity_id} has keeper {light.keeper} for {light.pledge} of oil"
    return None


@game.invariant
def scores_are_true(entities: Mapping[EntityId, Kind]) -> str | None:
    """There is one board at most; each of its scores is that of a boat, richest first."""
    boards = [entity for entity in entities.values() if isinstance(entity, Board)]
    if len(boards) > 1:
        return f"there are {len(boards)} boards"
    for board in boards:
        if len(board.scores) > LEADERS or [s[2] for s in board.scores] != sorted(s[2] for s in board.scores)[::-1]:
            return "the board is too long or out of order"
        for boat_id, name, gold in board.scores:
            boat = entities.get(EntityId(boat_id))
            if not isinstance(boat, Boat) or (boat.name, boat.gold) != (name, gold):
                return f"the board says that {name} (boat {boat_id}) has {gold}"
    return None
