"""Trade between two boats: offered, accepted or withdrawn; both holds change, or none.

Nothing is set aside for an offer: whether both sides have what they promised is looked at when it is accepted, in the
transaction that moves it. A boat has one offer at a time. One that ran out cannot be accepted; the tide takes it away
some seconds later.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.game import Actor, Command, EntityId, Rejection, Transaction
from server.games.flotsam.hold import ADRIFT, TOO_POOR, stow, withdraw_offer
from server.games.flotsam.motion import SIZE, is_within
from server.games.flotsam.reach import NO_BOAT, reach
from server.games.flotsam.world import Boat, Offer, game

TRADE_REACH = 200
OFFER_MS = 20_000
SWEEP_SIDE = 4
"""The bay is swept for old offers in so many squares along each side, one a second."""

GONE = Rejection("gone", "there is no such offer")
OUT_OF_HAIL = Rejection("too_far", "out of hailing distance")
Amount = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Propose(Command, frozen=True):
    """Offer another boat something for something; takes the place of an earlier offer."""

    boat: EntityId
    gives_gold: Amount = 0
    gives_oil: Amount = 0
    wants_gold: Amount = 0
    wants_oil: Amount = 0


class Accept(Command, frozen=True):
    """Take an offer that was made to this boat."""

    offer: EntityId


class Withdraw(Command, frozen=True):
    """Take back this boat's offer, or turn down one that was made to it."""

    offer: EntityId


@game.rule(Propose, rate_hz=2, burst=6)
def propose(tx: Transaction, actor: Actor, command: Propose) -> Rejection | None:
    """Puts an offer on the water, for the other boat to see."""
    met = reach(tx, actor, command.boat, Boat, TRADE_REACH, NO_BOAT, too_far=OUT_OF_HAIL)
    if isinstance(met, Rejection):
        return met
    boat, _ = met
    amounts = (command.gives_gold, command.gives_oil, command.wants_gold, command.wants_oil)
    if not any(amounts):
        return Rejection("empty", "nothing for nothing")
    if boat.gold < command.gives_gold or boat.oil < command.gives_oil:
        return TOO_POOR
    withdraw_offer(tx, boat)
    offer = tx.create(Offer(boat.x, boat.y, actor.entity, command.boat, *amounts, tx.now_ms + OFFER_MS))
    tx.patch(actor.entity, offer=offer)
    tx.emit("offered", {"offer": offer, "seller": actor.entity, "buyer": command.boat}, x=boat.x, y=boat.y)
    return None


@game.rule(Accept, rate_hz=4, burst=8)
def accept(tx: Transaction, actor: Actor, command: Accept) -> Rejection | None:
    """Moves what was promised, both ways."""
    buyer = tx.get(actor.entity, Boat)
    if buyer is None:
        return ADRIFT
    offer = tx.get(command.offer, Offer)
    if offer is None or offer.buyer != actor.entity or tx.now_ms > offer.until_ms:
        return GONE
    seller_id = EntityId(offer.seller)
    seller = tx.get(seller_id, Boat)
    if seller is None:
        return GONE
    if not is_within(buyer.x, buyer.y, seller.x, seller.y, TRADE_REACH):
        return OUT_OF_HAIL
    if buyer.gold < offer.wants_gold or buyer.oil < offer.wants_oil:
        return TOO_POOR
    if seller.gold < offer.gives_gold or seller.oil < offer.gives_oil:
        return Rejection("cannot_pay", "the other boat has not that much any more")
    gold, oil = offer.gives_gold - offer.wants_gold, offer.gives_oil - offer.wants_oil
    stow(tx, actor.entity, buyer, gold, oil)
    stow(tx, seller_id, seller, -gold, -oil, offer=0)
    tx.delete(command.offer)
    tx.emit("traded", {"seller": seller_id, "buyer": actor.entity, "gold": gold, "oil": oil}, x=seller.x, y=seller.y)
    return None


@game.rule(Withdraw, rate_hz=4, burst=8)
def withdraw(tx: Transaction, actor: Actor, command: Withdraw) -> Rejection | None:
    """Takes the offer off the water."""
    offer = tx.get(command.offer, Offer)
    if offer is None or actor.entity not in (offer.seller, offer.buyer):
        return GONE
    _take_away(tx, command.offer, offer)
    return None


@game.every(1.0)
def sweep_offers(tx: Transaction) -> None:
    """Takes away the offers of one part of the bay that ran out."""
    square = tx.now_ms // 1000 % (SWEEP_SIDE * SWEEP_SIDE)
    edge = SIZE / SWEEP_SIDE
    x, y = (square % SWEEP_SIDE + 0.5) * edge, (square // SWEEP_SIDE + 0.5) * edge
    for offer_id, offer in tx.near(x, y, edge, Offer):
        if tx.now_ms > offer.until_ms:
            _take_away(tx, offer_id, offer)


def _take_away(tx: Transaction, offer_id: EntityId, offer: Offer) -> None:
    tx.delete(offer_id)
    seller = tx.get(EntityId(offer.seller), Boat)
    if seller is not None and seller.offer == offer_id:
        tx.patch(EntityId(offer.seller), offer=0)
