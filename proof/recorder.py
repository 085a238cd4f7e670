"""Gathers the evidence of a run while bots play: the log from the store, what the bots are told from the bots.

Invariant: the recording that it gives is of one run, from before the first command to after the last answer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from client_bot.diary import Diary, View
from client_bot.result import SwarmResult
from client_bot.swarm import Collect, Inspect
from proof.log_tail import LogTail
from proof.recording import Recording
from proof.state import WorldState
from server.game import Game
from shared_state.names import WorldName
from shared_state.redis.store import open_store


@attrs.define(eq=False)
class Recorder:
    """The evidence so far."""

    tail: LogTail
    _views: list[View] = attrs.field(factory=list)
    _end: WorldState | None = None

    def around(self, inspect: Inspect) -> Inspect:
        """An inspection of the bots that is recorded: every look at their views, and the world after the last."""

        async def inspected(collect: Collect) -> SwarmResult:
            def keep() -> SwarmResult:
                result = collect()
                self._views += result.views()
                return result

            result = await inspect(keep)
            self._end = await self.tail.finish()
            return result

        return inspected

    def recording(self, result: SwarmResult) -> Recording:
        """All of it, once the run is over."""
        assert self._end is not None, "nobody inspected the bots"
        return Recording(
            self.tail.begin,
            self._end,
            self.tail.payloads,
            Diary(result.diary.entries, result.diary.views + self._views),
        )


@asynccontextmanager
async def recording(url: str, world: WorldName, game: Game) -> AsyncGenerator[Recorder, None]:
    """Records a world of a store while the context is open. Raises: StoreError, WorldGone, UndecodableDelta."""
    async with open_store(url, client_name="oarlock-recorder") as store, trio.open_nursery() as nursery:
        tail = LogTail(store, world, game)
        await tail.start()
        nursery.start_soon(tail.follow)
        yield Recorder(tail)
        nursery.cancel_scope.cancel()
