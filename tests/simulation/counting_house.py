"""A game small enough to be judged at every version, with every shape of rule that the store's checks exist for.

Purses change hands by transactions of two entities; a step looks whether anybody stands there; a bell counts strokes by
``add``, within bounds; the mint is the leader's alone, under its lease. Gold is conserved, nobody shares a spot. No
rule asks for the time, so a log can be replayed without it.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Mapping

from server.game import Actor, Command, EntityId, Game, Kind, Rejection, Transaction
from shared_state.schema import Counter

SPOTS = 8
SPOT_WIDTH = 4.0
COINS = 5
MOST_STROKES = 40.0
MOST_ROUNDS = 24
"""Then the mint rests: a world that nobody plays in comes to rest, and can be compared."""

game = Game(
    name="counting-house",
    cell_size=16.0,
    bounds=(0.0, 0.0, SPOTS * SPOT_WIDTH, SPOT_WIDTH),
    view_radius=SPOTS * SPOT_WIDTH,
    events=["struck"],
)


@game.kind
class Bell(Kind, frozen=True):
    """Everybody strikes it."""

    strokes: Counter
    x: float
    y: float


@game.kind
class Purse(Kind, frozen=True):
    """A player."""

    x: float
    y: float
    name: str
    gold: int = 0
    steps: int = 0


@game.kind
class Coin(Kind, frozen=True):
    """For whoever is first."""

    x: float
    y: float
    gold: int


@game.kind
class Mint(Kind, frozen=True):
    """What was ever issued, and how often the leader came by."""

    issued: int
    rounds: int = 0


class Give(Command, frozen=True):
    """Gold for another purse."""

    to: EntityId
    gold: int


class Grab(Command, frozen=True):
    """A coin."""

    what: EntityId


class Step(Command, frozen=True):
    """To a spot where nobody stands."""

    spot: int


class Strike(Command, frozen=True):
    """The bell."""

    bell: EntityId
    times: int


@game.on_enter
def enter(tx: Transaction, name: str) -> EntityId | Rejection:
    """At the first free spot."""
    for spot in range(SPOTS):
        if not _someone_at(tx, spot, EntityId(0)):
            return tx.create(Purse(spot * SPOT_WIDTH, 0.0, name))
    return Rejection("full")


@game.on_leave
def leave(tx: Transaction, actor: Actor) -> None:
    """Leaves the gold behind, as a coin."""
    purse = tx.get(actor.entity, Purse)
    if purse is None:
        return
    tx.delete(actor.entity)
    if purse.gold:
        tx.create(Coin(purse.x, purse.y, purse.gold))


@game.rule(Give, rate_hz=1000, burst=1000)
def give(tx: Transaction, actor: Actor, command: Give) -> Rejection | None:
    """From one purse to the other, if there is enough."""
    mine, theirs = tx.get(actor.entity, Purse), tx.get(command.to, Purse)
    if mine is None or theirs is None or command.to == actor.entity:
        return Rejection("gone")
    if not 0 < command.gold <= mine.gold:
        return Rejection("poor")
    tx.patch(actor.entity, gold=mine.gold - command.gold)
    tx.patch(command.to, gold=theirs.gold + command.gold)
    return None


@game.rule(Grab, rate_hz=1000, burst=1000, strict=True)
def grab(tx: Transaction, actor: Actor, command: Grab) -> Rejection | None:
    """The first one gets it."""
    mine, coin = tx.get(actor.entity, Purse), tx.get(command.what, Coin)
    if mine is None or coin is None:
        return Rejection("gone")
    tx.delete(command.what)
    tx.patch(actor.entity, gold=mine.gold + coin.gold)
    return None


@game.rule(Step, rate_hz=1000, burst=1000)
def step(tx: Transaction, actor: Actor, command: Step) -> Rejection | None:
    """Nobody stands here: then I do."""
    mine, spot = tx.get(actor.entity, Purse), command.spot % SPOTS
    if mine is None:
        return Rejection("gone")
    if _someone_at(tx, spot, actor.entity):
        return Rejection("taken")
    tx.patch(actor.entity, x=spot * SPOT_WIDTH, steps=mine.steps + 1)
    return None


@game.rule(Strike, rate_hz=1000, burst=1000)
def strike(tx: Transaction, actor: Actor, command: Strike) -> Rejection | None:
    """Adds strokes, without looking."""
    tx.add(command.bell, Bell, "strokes", float(command.times), 0.0, MOST_STROKES)
    tx.emit_world("struck", {"by": actor.name})
    return None


@game.every(0.5)
def issue(tx: Transaction) -> Rejection | None:
    """Hangs up the bell, and puts out a coin where there are too few."""
    mints = tx.all_placeless(Mint)
    if not mints:
        tx.create(Mint(0))
        tx.create(Bell(0.0, 0.0, 0.0))
        return None
    mint_id, mint = mints[0]
    if mint.rounds >= MOST_ROUNDS:
        return None
    issued = mint.issued
    if len(tx.near(SPOTS * SPOT_WIDTH / 2, 0.0, SPOTS * SPOT_WIDTH / 2, Coin)) < COINS:
        worth = tx.random.randint(1, 9)
        tx.create(Coin(tx.random.randrange(SPOTS) * SPOT_WIDTH, 0.0, worth))
        issued += worth
    tx.put(mint_id, Mint(issued, mint.rounds + 1))
    return None


@game.invariant
def gold_is_conserved(entities: Mapping[EntityId, Kind]) -> str | None:
    """Purses and coins hold what was issued."""
    issued = sum(entity.issued for entity in entities.values() if isinstance(entity, Mint))
    held = sum(entity.gold for entity in entities.values() if isinstance(entity, (Purse, Coin)))
    return None if issued == held else f"{issued} issued, {held} there"


@game.invariant
def nobody_shares_a_spot(entities: Mapping[EntityId, Kind]) -> str | None:
    """Each spot has one purse at most."""
    spots = Counts(entity.x for entity in entities.values() if isinstance(entity, Purse))
    shared = [spot for spot, count in spots.items() if count > 1]
    return f"several purses at {shared}" if shared else None


@game.invariant
def strokes_are_bounded(entities: Mapping[EntityId, Kind]) -> str | None:
    """The bell stays within its bounds, and there is one mint."""
    strokes = [entity.strokes for entity in entities.values() if isinstance(entity, Bell)]
    mints = sum(isinstance(entity, Mint) for entity in entities.values())
    return None if mints <= 1 and all(0 <= count <= MOST_STROKES for count in strokes) else f"{strokes}, {mints} mints"


def _someone_at(tx: Transaction, spot: int, but: EntityId) -> bool:
    return any(found != but for found, _ in tx.near(spot * SPOT_WIDTH, 0.0, 1.0, Purse))
