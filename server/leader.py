"""The world's leader: one node at a time runs the timed rules, each commit fenced by the leader's lease.

A rule that fell behind runs once, not once for every time it missed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import trio

from server.game import Rejection, TimedRule, Transaction
from server.session.boundary import contained
from shared_state.lease import LeaseKeeper
from shared_state.names import LeaseName
from shared_state.store import LeaseGrant, Store
from shared_state.transaction import OutOfIds
from shared_state.world import World

LEADER = LeaseName("leader")
RULE_FAILED = Rejection("internal", "the timed rule failed")


@attrs.define(eq=False)
class Leader:
    """Runs timed rules while this node holds the world's lease.

    Args:
        owner: this node, told apart from all others and from itself after a restart.
    """

    world: World
    store: Store
    rules: list[TimedRule]
    owner: str
    ttl_s: float = 3.0
    keeper: LeaseKeeper = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.keeper = LeaseKeeper(self.store, self.world.name, LEADER, self.owner, self.ttl_s)

    async def run(self) -> None:
        """Leads when it can, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.keeper.run)
            for rule in self.rules:
                nursery.start_soon(self._repeat, rule)

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
            return contained(partial(timed.rule, tx), lambda: RULE_FAILED, OutOfIds, rule=timed.name)

        return run
