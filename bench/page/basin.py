"""Flotsam with a parade: boats that the sea itself rows in circles, all within one window of the page.

So a crowd costs the machine next to nothing, and what is measured is the page. Nobody plays them: gold that they show
was never made.
"""

from __future__ import annotations

import math

from server.game import EntityId, Transaction
from server.games.flotsam import game
from server.games.flotsam.world import Boat

__all__ = ["game"]

MIDDLE = (2600, 2200)
HALF = (520, 290)
REACH = 900
RADIUS = 55
TURN_MS = 1400
STROKE = 20
OBSERVER = "Observer"
PLACES = 100
"""Per axis, to spread the boats by a fixed rule that looks like chance."""


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """The observer in the middle; whoever is called by a number brings a fleet of so many."""
    x, y = MIDDLE
    for number in range(int(name) if name.isdigit() else 0):
        tx.create(Boat(x, y, f"Boat {number}", gold=number % 50, oil=number % 9, node=f"node{1 + number % 4}"))
    return tx.create(Boat(x, y, OBSERVER))


@game.every(0.1)
def parade(tx: Transaction) -> None:
    """Rows every boat of the fleet a little further on its circle."""
    for boat_id, boat in tx.near(*MIDDLE, REACH, Boat):
        if boat.name == OBSERVER:
            continue
        number = int(boat.name.split()[1])
        angle = tx.now_ms / TURN_MS + number
        x = MIDDLE[0] + HALF[0] * (2 * (number * 37 % PLACES) / PLACES - 1) + RADIUS * math.cos(angle)
        y = MIDDLE[1] + HALF[1] * (2 * (number * 61 % 97) / 97 - 1) + RADIUS * math.sin(angle)
        dx, dy = round(-STROKE * math.sin(angle)), round(STROKE * math.cos(angle))
        tx.patch(boat_id, x=round(x), y=round(y), dx=dx, dy=dy)
