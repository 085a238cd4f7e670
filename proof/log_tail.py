"""Follows a world's log in the store and keeps all of it, while the store may go away, come back, or lose its history.

Invariant: ``payloads`` is what the store logged after ``begin``, in order; if the store dropped versions before they
were read, the hole shows as a version that does not follow, and a verifier says so.
"""

from __future__ import annotations

import attrs
import trio

from proof.state import WorldState, state_of
from server.game import Game
from shared_state.delta import decode_delta
from shared_state.errors import StoreUnavailable
from shared_state.names import WorldName
from shared_state.replica import Replica
from shared_state.store import Store

PAGE = 500
EVERY_S = 0.25


@attrs.define(eq=False)
class LogTail:
    """The log of one world, from its first version on, or from now on if the first versions are gone already."""

    store: Store
    world: WorldName
    game: Game
    begin: WorldState = attrs.field(init=False)
    payloads: list[bytes] = attrs.field(factory=list)
    _turn: trio.Lock = attrs.field(factory=trio.Lock)
    _end: WorldState | None = None

    def __attrs_post_init__(self) -> None:
        self.begin = WorldState(self.world)

    async def start(self) -> None:
        """Finds out where to begin. Raises: StoreError, WorldGone, UndecodableDelta."""
        head = await self.store.head(self.world)
        first = await self.store.log_after(self.world, 0, 1)
        if head.version and not (first and decode_delta(first[0]).version == 1):
            self.begin = await self._state_now()

    async def follow(self) -> None:
        """Reads on until the end is found."""
        while self._end is None:
            async with self._turn:
                await self._try_catch_up()
            await trio.sleep(EVERY_S)

    async def finish(self) -> WorldState:
        """Reads up to the world as it is now, and no further. Raises: StoreError, WorldGone, UndecodableDelta."""
        async with self._turn:
            end = self._end = await self._state_now()
            while self._version < end.version and await self._read(min(PAGE, end.version - self._version)):
                pass
        return end

    @property
    def _version(self) -> int:
        return decode_delta(self.payloads[-1]).version if self.payloads else self.begin.version

    async def _try_catch_up(self) -> None:
        if self._end is not None:
            return
        try:
            while await self._read(PAGE):
                pass
        except StoreUnavailable:
            return

    async def _read(self, limit: int) -> bool:
        page = await self.store.log_after(self.world, self._version, limit)
        self.payloads += page
        return bool(page)

    async def _state_now(self) -> WorldState:
        replica = Replica(self.game.schema())
        replica.load(await self.store.snapshot(self.world))
        return state_of(replica, self.world)
