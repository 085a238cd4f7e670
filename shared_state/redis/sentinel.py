"""Where a primary is that Sentinels watch over: asked before every connection, so a failover is followed."""

from __future__ import annotations

from functools import partial

import attrs
import trio

from shared_state.redis.address import StoreAddress
from shared_state.redis.discovery import find_primary
from shared_state.redis.store_url import StoreUrl


@attrs.frozen
class Primary:
    """The primary that the Sentinels of a URL know."""

    url: StoreUrl

    def __str__(self) -> str:
        return f"primary {self.url.primary} of {', '.join(map(str, self.url.addresses))}"

    async def find(self) -> StoreAddress:
        """Its address now. Raises: StoreUnavailable."""
        return await trio.to_thread.run_sync(partial(find_primary, self.url), abandon_on_cancel=True)
