"""What happens by itself: the sea brings crates. Run by the world's leader only."""

from __future__ import annotations

from server.game import EntityId, Transaction
from server.games.flotsam.world import CRATES, SIZE, Crate, Ledger, game

CRATES_PER_TIDE = 8


@game.every(0.5)
def tide(tx: Transaction) -> None:
    """Replaces a few of the crates that were picked up, and enters their gold in the ledger."""
    ledgers = tx.all_placeless(Ledger)
    if not ledgers:
        gold, crates = wash_up(tx, CRATES)
        tx.create(Ledger(gold, crates))
        return
    ledger_id, ledger = ledgers[0]
    afloat = [crate for crate in ledger.afloat if tx.get(EntityId(crate), Crate) is not None]
    missing = min(CRATES - len(afloat), CRATES_PER_TIDE)
    if missing:
        gold, crates = wash_up(tx, missing)
        tx.put(ledger_id, Ledger(ledger.minted + gold, [*afloat, *crates]))


def wash_up(tx: Transaction, count: int) -> tuple[int, list[int]]:
    """Makes crates at random places. Returns: the gold in them, their ids."""
    gold = [tx.random.randint(1, 9) for _ in range(count)]
    crates = [tx.create(Crate(tx.random.randrange(SIZE), tx.random.randrange(SIZE), amount)) for amount in gold]
    return sum(gold), [int(crate) for crate in crates]
