"""Which server holds a world: the seam where Sentinel and Cluster plug in; today there is one server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from shared_state.names import WorldName
from shared_state.redis.link import Link


class Topology(Protocol):
    """Finds the link for a world, and keeps its links connected."""

    def link_for(self, world: WorldName) -> Link:
        """The link to the server that holds a world."""

    def links(self) -> Iterable[Link]:
        """Every link there is."""

    async def run(self) -> None:
        """Keeps the links connected until cancelled."""


@attrs.frozen(eq=False)
class Standalone:
    """One server holds all worlds."""

    link: Link

    def link_for(self, world: WorldName) -> Link:
        """The only link."""
        return self.link

    def links(self) -> Iterable[Link]:
        """The only link."""
        return (self.link,)

    async def run(self) -> None:
        """Keeps the link connected until cancelled."""
        await self.link.run()
