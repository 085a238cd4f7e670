"""The bay of Flotsam on a store in memory, with a clock of its own: rules run as commits, one by one or together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
import trio

from server.game import Actor, Command, EntityId, Kind, Rejection, Transaction
from server.games.flotsam import game, rules, tides
from server.games.flotsam.world import Boat, Crate, Ledger, Wreck
from shared_state.memory_store import MemoryStore
from shared_state.names import SessionId, WorldName
from shared_state.outcome import Committed, Outcome, Rejected
from shared_state.store_model import START_OF_2026_S
from shared_state.world import World, open_world
from tests.unit.server.quay import memory_server

K = TypeVar("K", bound=Kind)


@attrs.define(eq=False)
class Bay:
    """The open world; every commit is followed by a check of the game's invariants."""

    world: World
    versions_checked: int = 0

    async def run(self, rule: Callable[[Transaction], Rejection | None]) -> Outcome:
        """Runs any rule."""
        outcome = await self.world.transact(rule)
        self.check()
        return outcome

    async def boat(self, x: int, y: int, gold: int = 0, name: str = "Ann", **fields: Any) -> Actor:
        """A player with a boat at a place; what it holds is entered in the ledger."""
        boat = await self.add(Boat(x, y, name, gold, **fields))
        return Actor(SessionId(f"s{boat}"), boat, name)

    async def crate(self, x: int, y: int, gold: int, oil: int = 0) -> EntityId:
        """A crate at a place, entered in the ledger."""
        return await self.add(Crate(x, y, gold, oil))

    async def add(self, value: Boat | Crate | Wreck) -> EntityId:
        """Something that holds cargo, which is entered in the ledger."""
        ids: list[EntityId] = []

        def launch(tx: Transaction) -> None:
            ids.append(tx.create(value))
            mint(tx, value.gold, value.oil)

        await self.run(launch)
        return ids[-1]

    async def found(self) -> None:
        """A bay as the first tide leaves it: crates, lighthouses, a storm, a board."""
        await self.run(tides.found)

    def one(self, kind: type[K]) -> tuple[EntityId, K]:
        """The first entity of a kind, by id."""
        return min(self.all(kind).items(), key=lambda item: item[0])

    def at(self, actor: Actor) -> Boat:
        """A player's boat."""
        return self.all(Boat)[actor.entity]

    def events(self) -> list[tuple[str, Any]]:
        """Names and bodies of what happened since the last call."""
        return [(event.name, event.body) for event in self.world.replica.drain().events]

    async def do(self, actor: Actor, command: Command) -> str:
        """Runs a command's rule. Returns: the code of its refusal; empty when it took effect."""
        spec = game.commands[type(command).__name__.lower()]
        outcome = await self.run(lambda tx: spec.rule(tx, actor, command))
        if isinstance(outcome, Rejected):
            return outcome.rejection.code
        assert isinstance(outcome, Committed)
        return ""

    async def do_at_once(self, orders: list[tuple[Actor, Command]]) -> list[str]:
        """Runs commands that arrive together. Returns: the codes, in no order."""
        codes: list[str] = []

        async def do(actor: Actor, command: Command) -> None:
            codes.append(await self.do(actor, command))

        async with trio.open_nursery() as nursery:
            for order in orders:
                nursery.start_soon(do, *order)
        return codes

    async def leave(self, actor: Actor) -> None:
        """Takes a player out."""
        await self.run(lambda tx: rules.leave(tx, actor))

    async def tide(self) -> None:
        """Lets the tide rise once."""
        await self.run(tides.tide.rule)

    def all(self, kind: type[K]) -> dict[EntityId, K]:
        """All entities of a kind."""
        entities = self.world.replica.entities
        return {id_: entity.value for id_, entity in entities.items() if isinstance(entity.value, kind)}

    def check(self) -> None:
        """The game's invariants hold."""
        assert list(game.broken(self.world.replica.values)) == []
        self.versions_checked = max(self.versions_checked, self.world.replica.version)


def mint(tx: Transaction, gold: int, oil: int = 0) -> None:
    """Enters gold and oil in the ledger."""
    for ledger_id, ledger in tx.all_placeless(Ledger):
        tx.patch(ledger_id, gold=ledger.gold + gold, oil=ledger.oil + oil)
        return
    if gold or oil:
        tx.create(Ledger(gold, oil, []))


def now_ms() -> int:
    """Trio's clock in milliseconds since 1970."""
    return int((START_OF_2026_S + trio.current_time()) * 1000)


@asynccontextmanager
async def open_bay() -> AsyncGenerator[Bay, None]:
    """An empty bay."""
    bays: list[Bay] = []
    store = MemoryStore(memory_server())

    def check() -> None:
        bays[0].check()

    async with open_world(store, WorldName("bay"), game.schema(), now_ms, on_advance=check) as world:
        bays.append(Bay(world))
        yield bays[0]
