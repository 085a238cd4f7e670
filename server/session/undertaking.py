"""One action under way: holds its lease, waits, and has its ending committed under the lease.

See ``server/game/action.py`` for what it means to a game. The lease lives little longer than the action takes, so what
it protects is free again soon after this node died. The ending is a job of the session: a node that took the session
over fences it. Must not know: messages. Invariant: the lease is let go whatever happens.
"""

from __future__ import annotations

from typing import Literal

import attrs
import structlog
import trio

from server.game import Action, Actor, Command, EntityId, Kind, Rejection, Transaction
from server.session.boundary import Boundary
from server.session.deeds import end
from server.session.room import Room
from server.session.stay import Stay
from shared_state.errors import StoreError
from shared_state.job import Job, same_row
from shared_state.names import lease_name
from shared_state.outcome import Committed, Fenced, Outcome
from shared_state.store import LeaseGrant

log = structlog.get_logger()

SLACK_S = 2.0
"""How much longer the lease lives than the action takes."""
LOOK_EVERY_S = 0.25
RELEASE_DEADLINE_S = 1.0


@attrs.define(eq=False)
class Undertaking:
    """An action that a player has begun."""

    room: Room
    stay: Stay
    action: Action
    actor: Actor
    command: Command

    async def run(self) -> None:
        """Goes through with it, as far as it gets."""
        grant = await self._take()
        if grant is None or not await self._go_through(grant):
            await self._end("otherwise", None)

    async def _go_through(self, grant: LeaseGrant) -> bool:
        """Does the work and ends it, under the lease. Returns: whether it needs no other ending."""
        try:
            return await self._last() and await self._end("finish", grant)
        finally:
            with trio.move_on_after(RELEASE_DEADLINE_S, shield=True):
                await self._release(grant)

    async def _take(self) -> LeaseGrant | None:
        name = None
        with self._boundary():
            name = lease_name(f"action.{self.action.lease(self.command)}")
        if name is None:
            return None
        # No two undertakings are one owner: an owner would take over from itself.
        owner = f"{self.room.owner}/{self.actor.session}/{id(self)}"
        try:
            return await self.room.store.take_lease(self.room.world.name, name, owner, self.action.seconds + SLACK_S)
        except StoreError as error:
            log.warning("lease not confirmed", **self._where(), lease=name, error=str(error))
            return None

    async def _last(self) -> bool:
        """Waits; False: it is not on any more."""
        over_s = self.room.now_s() + self.action.seconds
        while (left_s := over_s - self.room.now_s()) > 0:
            if not self._is_on():
                return False
            await trio.sleep(min(left_s, LOOK_EVERY_S))
        return self._is_on()

    def _is_on(self) -> bool:
        with self._boundary():
            return self.stay.is_on and bool(self.action.still(self._look, self.actor, self.command))
        return False

    def _boundary(self) -> Boundary:
        return Boundary(command=self.action.command)

    def _look(self, entity_id: EntityId) -> Kind | None:
        return self.room.world.replica.read(entity_id)[1]

    async def _end(self, how: Literal["finish", "otherwise"], grant: LeaseGrant | None) -> bool:
        """Commits an ending, under the lease if there is one. Returns: whether it needs no other."""
        writer = self.stay.writer
        if not self.stay.is_on or writer is None:
            return True
        outcomes: list[Outcome] = []
        settled = trio.Event()

        def settle(outcome: Outcome) -> None:
            outcomes.append(outcome)
            settled.set()

        def run(tx: Transaction) -> Rejection | None:
            if grant is not None:
                tx.require(grant)
            return end(self.action, how, self.actor, self.command, tx)

        self.room.world.submit(Job(run, settle, writer, same_row))
        await settled.wait()
        return isinstance(outcomes[0], (Committed, Fenced))

    async def _release(self, grant: LeaseGrant) -> None:
        try:
            await self.room.store.release_lease(self.room.world.name, grant)
        except StoreError as error:
            log.warning("lease not released", **self._where(), lease=grant.name, error=str(error))

    def _where(self) -> dict[str, str]:
        return {"world": self.room.world.name, "session": self.actor.session}
