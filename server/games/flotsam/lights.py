"""Lighthouses: kept by whoever pledges most oil, paid for by all who have their hull mended there.

A lamp's counters are changed by ``tx.add``, so any number of boats on any number of nodes bring something at the same
time and none of them waits for another. Only a change of keeper, and the dues, have to be alone.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.game import Actor, Command, EntityId, Rejection, Transaction
from server.games.flotsam.hold import TOO_POOR, stow
from server.games.flotsam.reach import reach
from server.games.flotsam.world import HULL, Boat, Lamp, Ledger, Lighthouse, game

LIGHT_REACH = 160
MENDED_PER_GOLD = 10
DUES_S = 5.0
PAID_OUT = 2
"""The keeper gets one part in so many of the tributes, each time."""
NO_BOUND = 2.0**52

SITES = (
    ("North Point", 2000, 400),
    ("Gull Rock", 3500, 1500),
    ("Old Nick", 2950, 3350),
    ("The Needle", 1050, 3350),
    ("Kelp Head", 500, 1500),
)
"""Where lighthouses stand: name, x, y."""

NO_LIGHT = Rejection("gone", "there is no such lighthouse")
Amount = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Pay(Command, frozen=True):
    """Pay a tribute of gold to a lighthouse nearby, and have the hull mended."""

    lighthouse: EntityId
    gold: Amount


class Kindle(Command, frozen=True):
    """Pledge oil to a lighthouse nearby: to become its keeper it takes more than is pledged; its keeper adds to it."""

    lighthouse: EntityId
    oil: Amount


@game.rule(Pay, rate_hz=5, burst=10)
def pay(tx: Transaction, actor: Actor, command: Pay) -> Rejection | None:
    """Gold goes from the boat to the lamp."""
    met = reach(tx, actor, command.lighthouse, Lighthouse, LIGHT_REACH, NO_LIGHT)
    if isinstance(met, Rejection):
        return met
    boat, light = met
    if boat.gold < command.gold:
        return TOO_POOR
    hull = min(boat.hull + command.gold * MENDED_PER_GOLD, HULL)
    stow(tx, actor.entity, boat, gold=-command.gold, hull=hull)
    tx.add(EntityId(light.lamp), Lamp, "gold", command.gold, 0, NO_BOUND)
    tx.emit(
        "paid", {"boat": actor.entity, "lighthouse": command.lighthouse, "gold": command.gold}, x=light.x, y=light.y
    )
    return None


@game.rule(Kindle, rate_hz=4, burst=8)
def kindle(tx: Transaction, actor: Actor, command: Kindle) -> Rejection | None:
    """Oil goes from the boat to the lamp; who pledged most is the keeper."""
    met = reach(tx, actor, command.lighthouse, Lighthouse, LIGHT_REACH, NO_LIGHT)
    if isinstance(met, Rejection):
        return met
    boat, light = met
    if boat.oil < command.oil:
        return TOO_POOR
    is_keeper = light.keeper == actor.entity
    if not is_keeper and command.oil <= light.pledge:
        return Rejection("too_little", f"{light.keeper_name} pledged {light.pledge}")
    stow(tx, actor.entity, boat, oil=-command.oil)
    tx.add(EntityId(light.lamp), Lamp, "oil", command.oil, 0, NO_BOUND)
    pledge = command.oil + (light.pledge if is_keeper else 0)
    tx.patch(command.lighthouse, keeper=int(actor.entity), keeper_name=boat.name, pledge=pledge)
    if not is_keeper:
        tx.emit_world("kept", {"lighthouse": command.lighthouse, "light": light.name, "name": boat.name})
    return None


@game.every(DUES_S)
def dues(tx: Transaction) -> None:
    """Pays the keepers, and lets every pledge burn down a little."""
    for _, ledger in tx.all_placeless(Ledger):
        for light_id in map(EntityId, ledger.lights):
            light = tx.get(light_id, Lighthouse)
            if light is not None and light.keeper:
                _settle(tx, light_id, light)


def _settle(tx: Transaction, light_id: EntityId, light: Lighthouse) -> None:
    keeper_id, lamp_id = EntityId(light.keeper), EntityId(light.lamp)
    keeper, lamp = tx.get(keeper_id, Boat), tx.get(lamp_id, Lamp)
    share = 0 if lamp is None else -(-int(lamp.gold) // PAID_OUT)
    if keeper is not None and lamp is not None and share:
        tx.patch(lamp_id, gold=lamp.gold - share)
        stow(tx, keeper_id, keeper, gold=share)
    pledge = 0 if keeper is None else light.pledge - 1
    if pledge:
        tx.patch(light_id, pledge=pledge)
    else:
        tx.patch(light_id, keeper=0, keeper_name="", pledge=0)


def build_lights(tx: Transaction) -> list[int]:
    """Puts up the lighthouses of a new bay. Returns: their ids."""
    lights = []
    for name, x, y in SITES:
        lamp = tx.create(Lamp(0.0, 0.0, x, y))
        lights.append(int(tx.create(Lighthouse(x, y, name, lamp))))
    return lights
