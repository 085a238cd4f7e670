"""Holding a lease: exclusive use of a name over time, with a token that commits can be made to depend on.

A keeper takes the lease when it is free and renews it at a third of its time to live. ``grant`` is None whenever this
owner cannot be sure to hold it; the last word is always the store's, inside the commit that names the token. Whoever
waits in ``until_lost`` is told at the next renewal when the store says no, and when the time is up if it says nothing.
"""

from __future__ import annotations

import attrs
import trio

from shared_state.errors import StoreError
from shared_state.logs import log
from shared_state.names import LeaseName, WorldName
from shared_state.store import LeaseGrant, Store

RELEASE_DEADLINE_S = 1.0


@attrs.define(eq=False)
class LeaseKeeper:
    """Tries to be the owner of a lease for as long as it runs.

    Args:
        owner: who asks; the same owner takes over its own lease.
        ttl_s: time to live on the store's clock, above 0.
    """

    store: Store
    world: WorldName
    name: LeaseName
    owner: str
    ttl_s: float = 3.0
    _grant: LeaseGrant | None = None
    _sure_until_s: float = 0.0
    _news: trio.Event = attrs.field(factory=trio.Event)

    @property
    def grant(self) -> LeaseGrant | None:
        """The lease, if it is surely held right now."""
        return self._grant if trio.current_time() < self._sure_until_s else None

    async def run(self) -> None:
        """Takes and renews until cancelled, then releases."""
        try:
            while True:
                await self._step()
                await trio.sleep(self.ttl_s / 3)
        finally:
            with trio.move_on_after(RELEASE_DEADLINE_S, shield=True):
                await self._release()

    async def until_held(self, within_s: float) -> LeaseGrant | None:
        """The lease, as soon as it is surely held; None: it was not within that time."""
        with trio.move_on_after(within_s):
            while self.grant is None:
                await self._news.wait()
        return self.grant

    async def until_lost(self, grant: LeaseGrant) -> None:
        """Waits until this grant is not surely held any more."""
        while self.grant == grant:
            with trio.move_on_at(self._sure_until_s):
                await self._news.wait()

    async def _step(self) -> None:
        asked_s = trio.current_time()
        try:
            held = await self._take_or_renew()
        except StoreError as error:
            log.warning("lease not confirmed", lease=self.name, error=str(error))
            return
        if held:
            self._sure_until_s = asked_s + self.ttl_s
            self._tell()

    async def _take_or_renew(self) -> bool:
        if self._grant is not None and await self.store.renew_lease(self.world, self._grant):
            return True
        self._grant = None
        self._tell()
        self._grant = await self.store.take_lease(self.world, self.name, self.owner, self.ttl_s)
        return self._grant is not None

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    async def _release(self) -> None:
        grant, self._grant = self._grant, None
        self._tell()
        if grant is None:
            return
        try:
            await self.store.release_lease(self.world, grant)
        except StoreError as error:
            log.warning("lease not released", lease=self.name, error=str(error))
