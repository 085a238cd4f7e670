"""A node's word with the directory: that it lives, and how; and what operators ask of it in return.

Must not know: players. Invariant: while the store answers, a request is heard within half a second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import structlog
import trio

from server.node import Node
from server.vitals import Rates
from shared_state.errors import StoreError

log = structlog.get_logger()

TTL_S = 3.0
EVERY_S = 0.5
LEAVE_DEADLINE_S = 1.0


@attrs.define(eq=False)
class Beat:
    """One node's."""

    node: Node
    _rates: Rates = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rates = Rates(self._totals)

    async def run(self) -> None:
        """Beats until cancelled, and says at last that the node is gone."""
        try:
            while True:
                await self._tell(self._beat)
                await trio.sleep(EVERY_S)
        finally:
            with trio.move_on_after(LEAVE_DEADLINE_S, shield=True):
                await self._tell(partial(self.node.directory.leave, self.node.owner))

    async def _beat(self) -> None:
        node, directory = self.node, self.node.directory
        if await directory.beat(node.owner, node.config.bind, TTL_S, self._load(), draining=node.draining):
            node.asked_to_drain.set()
        for kick in await directory.kicks(node.owner):
            node.kick(kick.world, kick.session)

    def _load(self) -> dict[str, float]:
        hosts = self.node.hosts
        return {
            "worlds": len(hosts),
            "sessions": sum(len(host.sessions) for host in hosts),
            "connections": len(self.node.connections),
            "loop_lag_s": round(self.node.lag.take_worst_s(), 4),
            "versions_behind": max((host.world.follower.counts.behind for host in hosts), default=0),
            **self._rates.take(trio.current_time()),
        }

    def _totals(self) -> dict[str, float]:
        counts = [host.world.committer.counts for host in self.node.hosts]
        return {
            "commands": sum(count.committed + count.rejected + count.busy for count in counts),
            "conflicts": sum(count.conflicts for count in counts),
            "sent_bytes": sum(host.fanout.counts.bytes for host in self.node.hosts),
        }

    async def _tell(self, tell: Callable[[], Awaitable[object]]) -> None:
        try:
            await tell()
        except StoreError as error:
            log.warning("directory not told", error=str(error))
