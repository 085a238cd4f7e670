"""What happens by itself: the sea brings crates and old wrecks, and moves crates. Run by the world's leader only.

The leader alone makes gold and oil, here, and enters them in the ledger in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.game import EntityId, Transaction
from server.games.flotsam.lights import build_lights
from server.games.flotsam.motion import SIZE, step
from server.games.flotsam.weather import brew
from server.games.flotsam.world import CRATES, WRECKS, Board, Crate, Ledger, Wreck, game

CRATES_PER_TIDE = 5
WRECKS_PER_TIDE = 1
ADRIFT_PER_TIDE = 6
DRIFT = 12
MOST_GOLD = 9
MOST_OIL = 4
OIL_SHARE = 0.4
"""How many of the crates have oil in them as well."""
WRECK_GOLD = (10, 25)
WRECK_OIL = (3, 8)
SHIPS = ("Santa Bahia", "Grey Goose", "Prudence", "Zeemeeuw", "Halcyon", "Erika's Hope", "Nightjar", "Old Copper")


@game.every(0.5)
def tide(tx: Transaction) -> None:
    """Replaces a few of the crates and wrecks that were taken, and lets a few other crates drift."""
    ledgers = tx.all_placeless(Ledger)
    if not ledgers:
        found(tx)
        return
    ledger_id, ledger = ledgers[0]
    afloat = [crate for crate in ledger.afloat if tx.get(EntityId(crate), Crate) is not None]
    wrecks = [wreck for wreck in ledger.wrecks if tx.get(EntityId(wreck), Wreck) is not None]
    crates = [_new_crate(tx) for _ in range(min(CRATES - len(afloat), CRATES_PER_TIDE))]
    ships = [_new_wreck(tx) for _ in range(min(WRECKS - len(wrecks), WRECKS_PER_TIDE))]
    if crates or ships:
        gold, oil = worth([*crates, *ships])
        tx.patch(
            ledger_id,
            gold=ledger.gold + gold,
            oil=ledger.oil + oil,
            afloat=[*afloat, *launch(tx, crates)],
            wrecks=[*wrecks, *launch(tx, ships)],
        )
    drift(tx, afloat)


def found(tx: Transaction) -> None:
    """Fills a new bay."""
    crates, ships = [_new_crate(tx) for _ in range(CRATES)], [_new_wreck(tx) for _ in range(WRECKS)]
    gold, oil = worth([*crates, *ships])
    tx.create(Ledger(gold, oil, launch(tx, crates), launch(tx, ships), build_lights(tx), brew(tx)))
    tx.create(Board([]))


def worth(cargo: Sequence[Crate | Wreck]) -> tuple[int, int]:
    """The gold and the oil in crates and wrecks."""
    return sum(thing.gold for thing in cargo), sum(thing.oil for thing in cargo)


def launch(tx: Transaction, cargo: Sequence[Crate | Wreck]) -> list[int]:
    """Puts crates and wrecks into the water. Returns: their ids."""
    return [int(tx.create(thing)) for thing in cargo]


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


def _new_wreck(tx: Transaction) -> Wreck:
    x, y = tx.random.randrange(SIZE), tx.random.randrange(SIZE)
    return Wreck(x, y, tx.random.randint(*WRECK_GOLD), tx.random.randint(*WRECK_OIL), tx.random.choice(SHIPS))
