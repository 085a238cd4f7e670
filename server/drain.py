"""How a node goes away without its players noticing much.

How it works: first the node says that it is not ready, and goes on serving until proxies have heard of it. Then it
takes nobody new, gives up leading, and asks its players to move, a few at a time: each opens a connection elsewhere,
takes its session along and leaves. Whoever stays too long is closed; whose connection then does not end is cut off.
At last the ends of sessions are committed, so that the next node finds every row in order.
Must not know: sockets, messages, the store. Invariant: ``run`` returns within ``limit_s`` plus two seconds, whatever
players or the store do.
"""

from __future__ import annotations

import random

import attrs
import structlog
import trio

from server.config import DrainConfig
from server.node import Node
from server.session.room import Occupant
from server.wire import close_codes

log = structlog.get_logger()

BATCH_S = 0.1
CLOSE_S = 1.0
"""How long a peer may take to answer its Close; then its socket is cut."""
COMMIT_S = 1.0
"""How long the last ends of sessions may take to be committed."""
POLL_S = 0.02
REASON = "the node is going away"


@attrs.define(eq=False)
class Drain:
    """The end of one node.

    Args:
        chance: spreads the moves.
    """

    node: Node
    config: DrainConfig
    chance: random.Random
    _patience: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _asked_s: dict[Occupant, float] = attrs.field(factory=dict)

    def hasten(self) -> None:
        """Waits for nobody any more: who is still here is closed now."""
        self._patience.cancel()

    async def run(self) -> None:
        """Sends all players away; returns when they have left and their sessions are committed, or time is up."""
        began_s = trio.current_time()
        self._patience.deadline = began_s + self.config.limit_s
        with self._patience:
            await self._lead()
            await self._send_away()
        self._shut()
        self._close(self.node.occupants())
        with trio.move_on_after(CLOSE_S):
            await self._until_gone()
        self.node.abort()
        with trio.move_on_after(COMMIT_S):
            await self._until_committed()
        log.info("drained", seconds=round(trio.current_time() - began_s, 3))

    async def _lead(self) -> None:
        """Serves on until proxies know that this node is not to be given players; nobody waits for an empty node."""
        self.node.draining = True
        with trio.move_on_after(self.config.lead_s):
            await self._until_gone()

    async def _send_away(self) -> None:
        self._shut()
        while occupants := self.node.occupants():
            now_s = trio.current_time()
            self._ask([who for who in occupants if who not in self._asked_s], now_s)
            self._close([who for who in occupants if now_s - self._asked_s.get(who, now_s) > self.config.patience_s])
            await trio.sleep(BATCH_S)

    def _ask(self, unasked: list[Occupant], now_s: float) -> None:
        self.chance.shuffle(unasked)
        # At the usual pace, or so fast that all are asked in half of the time there is.
        everybody = len(self._asked_s) + len(unasked)
        pace_hz = max(self.config.moves_hz, 2 * everybody / self.config.limit_s)
        for occupant in unasked[: max(1, round(pace_hz * BATCH_S))]:
            self._asked_s[occupant] = now_s
            occupant.ask_to_move(self.chance.uniform(0.0, BATCH_S))

    def _shut(self) -> None:
        self.node.admits = False
        self.node.stand_down()

    def _close(self, occupants: list[Occupant]) -> None:
        for occupant in occupants:
            occupant.client.close(close_codes.NODE_DRAINING, REASON)

    async def _until_gone(self) -> None:
        while self.node.connections:  # noqa: ASYNC110  (the end of a node's life is worth no event of its own)
            await trio.sleep(POLL_S)

    async def _until_committed(self) -> None:
        while self.node.connections or self.node.is_committing():  # noqa: ASYNC110  (see above)
            await trio.sleep(POLL_S)
