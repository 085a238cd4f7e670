"""Holds the views of bots against the store, each at the version that it claims, while the world goes on.

How it works: a snapshot of the store is taken, the views are copied, and the log brings the snapshot from version to
version, up to the newest view. A view that stands behind the snapshot, or between two messages of one flush, may
differ without being wrong: it is looked at again some moments later, from a new snapshot. What differs each time is
wrong.
Invariant: reads only; a view passes only if all of its cells equal the store's at one version.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from client_bot.result import BotResult, SwarmResult
from server.game import Game
from server.interest.changes import cell_content, content_digest
from shared_state.cell import CellId
from shared_state.delta import decode_delta
from shared_state.names import WorldName
from shared_state.replica import Fit, Replica
from shared_state.store import Store

LOOKS = 10
LOOK_EVERY_S = 0.15
LOG_PAGE = 500


@attrs.define(eq=False)
class Comparison:
    """One world in the store, and the views of the bots that are connected."""

    store: Store
    world: WorldName
    game: Game
    replica: Replica = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.replica = Replica(self.game.schema())

    async def run(self, collect: Callable[[], SwarmResult]) -> tuple[SwarmResult, list[str]]:
        """Compares until every view was right once, or often enough.

        Args:
            collect: copies the views as they are now.

        Returns: the last copy, and what is wrong with it.
        """
        passed: set[str] = set()
        for look in range(LOOKS):
            if look:
                await trio.sleep(LOOK_EVERY_S)
            self.replica.load(await self.store.snapshot(self.world))
            result = collect()
            differing = await self._look([bot for bot in result.bots if bot.is_online and bot.name not in passed])
            passed.update(bot.name for bot in result.bots if bot.name not in differing)
            if not differing:
                break
        return result, [text for texts in differing.values() for text in texts]

    async def _look(self, bots: list[BotResult]) -> dict[str, list[str]]:
        """What differs now, by bot."""
        differing: dict[str, list[str]] = {}
        for bot in sorted(bots, key=lambda bot: bot.version):
            await self._advance(bot.version)
            texts = [self._blame(bot, cell) for cell, digest in bot.cells.items() if self._digest(cell) != digest]
            if texts:
                differing[bot.name] = texts
        return differing

    async def _advance(self, version: int) -> None:
        """Brings the replica to a version, as far as the log has it."""
        while self.replica.version < version:
            before = self.replica.version
            for payload in await self.store.log_after(self.world, before, min(LOG_PAGE, version - before)):
                delta = decode_delta(payload)
                if self.replica.fit(delta) is Fit.NEXT:
                    self.replica.apply(delta)
            if self.replica.version == before:
                return

    def _digest(self, cell: int) -> int:
        return content_digest(cell_content(self.replica, CellId(cell), frozenset(self.game.secret_kinds)))

    def _blame(self, bot: BotResult, cell: int) -> str:
        where = f"cell {cell} of {bot.name} on {bot.node} at version {bot.version}"
        return f"{where} differs from the store at version {self.replica.version}"
