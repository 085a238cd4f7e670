"""Flotsam as it is, but for where one begins: at the quay below a lighthouse, by name, with cargo within reach.

Ann, Ben and those after them lie side by side, each near enough to hail and to ram the next. So a test need not row
about the bay for something to happen.
"""

from __future__ import annotations

from server.game import EntityId, Transaction
from server.games.flotsam import game
from server.games.flotsam.tides import found, launch
from server.games.flotsam.world import Boat, Crate, Ledger, Wreck

__all__ = ["game"]

NEEDLE = (1050, 3350)
BESIDE = 75
BERTHS = 4
OFF = 420
GOLD, OIL = 8, 4


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId:
    """A boat at its berth, a crate alongside, nearer than any other, and a wreck astern; bots lie off the quay."""
    if not tx.all_placeless(Ledger):
        found(tx)
    if name.partition("-")[2].isdigit():
        return tx.create(Boat(_off(tx, NEEDLE[0]), _off(tx, NEEDLE[1]), name))
    x, y = NEEDLE[0] - 110 + BESIDE * (ord(name[:1] or "?") % BERTHS), NEEDLE[1] + 100
    [(ledger_id, ledger)] = tx.all_placeless(Ledger)
    cargo = [Crate(x, y - 6, GOLD, OIL), Wreck(x, y + 70, GOLD, OIL, "Prudence")]
    launch(tx, cargo)
    tx.patch(ledger_id, gold=ledger.gold + 2 * GOLD, oil=ledger.oil + 2 * OIL)
    return tx.create(Boat(x, y, name))


def _off(tx: Transaction, place: int) -> int:
    return place + tx.random.choice((-1, 1)) * tx.random.randint(OFF // 4, OFF)
