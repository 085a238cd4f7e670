"""Whether the node can serve players: the store answers, and what the node shows of its worlds is not old.

Anybody may ask a node whether it is ready, so many questions are one to the store. Must not know HTTP.
Invariant: an answer takes ``ANSWER_S`` at most and is at most ``FRESH_S`` old; the store is asked once in that time.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import trio

from shared_state.errors import StoreError
from shared_state.names import WorldName
from shared_state.store import Store

ANSWER_S = 0.8
FRESH_S = 0.2
_PROBE = WorldName("readiness")


@attrs.define(eq=False)
class Readiness:
    """What the store last said.

    Args:
        is_current: whether the node has a replica that lacks nothing, as far as it knows, or needs none.
    """

    store: Store
    is_current: Callable[[], bool] = lambda: True
    _fault: str = ""
    _asked_s: float = -math.inf
    _asking: trio.Lock = attrs.field(factory=trio.Lock)

    async def fault(self) -> str:
        """What keeps the node from serving; empty if nothing does."""
        async with self._asking:
            if trio.current_time() - self._asked_s > FRESH_S:
                self._fault = await self._ask()
                self._asked_s = trio.current_time()
        return self._fault or ("" if self.is_current() else "no replica is current")

    async def _ask(self) -> str:
        try:
            with trio.fail_after(ANSWER_S):
                await self.store.head(_PROBE)
        except (trio.TooSlowError, StoreError) as error:
            return f"the store does not answer: {error}"
        return ""
