"""The world's leader: one node at a time runs the timed rules and removes sessions that nobody serves.

Each commit of a timed rule is fenced by the leader's lease; the removal of a session by that session's own row. A rule
that fell behind runs once, not once for every time it missed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias

import attrs
import structlog
import trio

from server.game import Rejection, TimedRule, Transaction
from server.session.deeds import happen
from shared_state.errors import StoreError
from shared_state.lease import LeaseKeeper
from shared_state.membership import Reaper
from shared_state.names import LeaseName
from shared_state.store import LeaseGrant, Store
from shared_state.world import World

log = structlog.get_logger()

LiveNodes: TypeAlias = Callable[[], Awaitable[Collection[str] | None]]

LEADER = LeaseName("leader")
REAP_EVERY_S = 1.0


@attrs.define(eq=False)
class Leader:
    """Runs timed rules and the reaper while this node holds the world's lease.

    Args:
        owner: this node, told apart from all others and from itself after a restart.
        live_nodes: the owners that live.
    """

    world: World
    store: Store
    rules: list[TimedRule]
    owner: str
    reaper: Reaper
    live_nodes: LiveNodes
    ttl_s: float = 3.0
    keeper: LeaseKeeper = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.keeper = LeaseKeeper(self.store, self.world.name, LEADER, self.owner, self.ttl_s)

    async def run(self) -> None:
        """Leads when it can, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keeper.run)
            nursery.start_soon(self._reap)
            for rule in self.rules:
                nursery.start_soon(self._repeat, rule)

    async def _reap(self) -> None:
        while True:
            if self.keeper.grant is not None:
                await self._sweep()
            await trio.sleep(REAP_EVERY_S)

    async def _sweep(self) -> None:
        try:
            await self.reaper.sweep(await self._live())
        except StoreError as error:
            log.warning("sessions not swept", world=self.world.name, error=str(error))

    async def _live(self) -> Collection[str] | None:
        """The owners that live: this one does, whether it was heard of or not."""
        live = await self.live_nodes()
        return None if live is None else {*live, self.owner}

    async def _repeat(self, timed: TimedRule) -> None:
        while True:
            due_s = trio.current_time() + timed.every_s
            grant = self.keeper.grant
            if grant is not None:
                await self.world.transact(self._fenced(timed, grant))
            await trio.sleep_until(max(due_s, trio.current_time()))

    def _fenced(self, timed: TimedRule, grant: LeaseGrant) -> Callable[[Transaction], Rejection | None]:
        def run(tx: Transaction) -> Rejection | None:
            tx.require(grant)
            return happen(timed, tx)

        return run
