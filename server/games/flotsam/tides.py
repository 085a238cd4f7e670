"""What happens by itself: the sea brings crates, and moves them. Run by the world's leader only.

The leader alone makes gold and oil, here, and enters them in the ledger in the same transaction.
"""

from __future__ import annotations

from server.game import EntityId, Transaction
from server.games.flotsam.lights import build_lights
from server.games.flotsam.motion import SIZE, step
from server.games.flotsam.weather import brew
from server.games.flotsam.world import CRATES, Board, Crate, Ledger, game

CRATES_PER_TIDE = 8
ADRIFT_PER_TIDE = 6
DRIFT = 12
MOST_GOLD = 9
MOST_OIL = 4
OIL_SHARE = 0.4
"""How many of the crates have oil in them as well."""


@game.every(0.5)
def tide(tx: Transaction) -> None:
    """Replaces a few of the crates that were picked up, and lets a few others drift."""
    ledgers = tx.all_placeless(Ledger)
    if not ledgers:
        found(tx)
        return
    ledger_id, ledger = ledgers[0]
    afloat = [crate for crate in ledger.afloat if tx.get(EntityId(crate), Crate) is not None]
    missing = min(CRATES - len(afloat), CRATES_PER_TIDE)
    if missing:
        gold, oil, crates = wash_up(tx, missing)
        tx.put(ledger_id, Ledger(ledger.gold + gold, ledger.oil + oil, [*afloat, *crates], ledger.lights, ledger.storm))
    drift(tx, afloat)


def found(tx: Transaction) -> None:
    """Fills a new bay."""
    gold, oil, crates = wash_up(tx, CRATES)
    tx.create(Ledger(gold, oil, crates, build_lights(tx), brew(tx)))
    tx.create(Board([]))


def wash_up(tx: Transaction, count: int) -> tuple[int, int, list[int]]:
    """Makes crates at random places. Returns: the gold in them, the oil in them, their ids."""
    crates = [_new_crate(tx) for _ in range(count)]
    return sum(crate.gold for crate in crates), sum(crate.oil for crate in crates), [int(tx.create(c)) for c in crates]


def drift(tx: Transaction, afloat: list[int]) -> None:
    """Moves a few crates a little."""
    for crate_id in map(EntityId, tx.random.sample(afloat, min(ADRIFT_PER_TIDE, len(afloat)))):
        crate = tx.get(crate_id, Crate)
        if crate is not None:
            x, y = step(crate.x, crate.y, tx.random.randint(-DRIFT, DRIFT), tx.random.randint(-DRIFT, DRIFT))
            tx.patch(crate_id, x=x, y=y)


def _new_crate(tx: Transaction) -> Crate:
    oil = tx.random.randint(1, MOST_OIL) if tx.random.random() < OIL_SHARE else 0
    return Crate(tx.random.randrange(SIZE), tx.random.randrange(SIZE), tx.random.randint(1, MOST_GOLD), oil)
