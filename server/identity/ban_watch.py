"""Keeps a node's gate at the newest bans in the store.

Invariant: what the node knows is older than the store by ``ASK_EVERY_S`` and one answer at most; while the store is
away, the bans it knew hold on.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog
import trio

from server.identity.gate import Gate
from shared_state.bans import Bans
from shared_state.errors import StoreError

log = structlog.get_logger()

ASK_EVERY_S = 1.0


@attrs.define(eq=False)
class BanWatch:
    """The watch of one node.

    Args:
        on_change: called when the gate knows other bans than before.
    """

    bans: Bans
    gate: Gate
    on_change: Callable[[], None]

    async def ask(self) -> None:
        """Brings the gate up to date. Raises: StoreError."""
        book = await self.bans.changed(self.gate.bans.stamp)
        if book is not None:
            self.gate.bans = book
            log.info("bans changed", bans=len(book.bans))
            self.on_change()

    async def ask_forever(self) -> None:
        """Asks time after time."""
        while True:
            await trio.sleep(ASK_EVERY_S)
            await self._ask_if_possible()

    async def _ask_if_possible(self) -> None:
        try:
            await self.ask()
        except StoreError as error:
            log.warning("bans not to be had", error=str(error))
