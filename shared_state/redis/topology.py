"""Which server holds a world: one for all, the primary that Sentinels know, or the nodes of a cluster."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, assert_never

import attrs
import trio

from shared_state.names import WorldName
from shared_state.redis.cluster import Cluster
from shared_state.redis.durability import Hold
from shared_state.redis.link import Link, LinkTimes
from shared_state.redis.sentinel import Primary
from shared_state.redis.store_url import Shape, StoreUrl
from shared_state.store import DeltaListener


class Route(Protocol):
    """The way to the server that holds a world, wherever that is by now."""

    @property
    def connections(self) -> int:
        """A number that rises whenever another connection, or another server, is used from then on."""

    async def call(self, *args: str | bytes | int | float) -> Any:
        """Sends a command and waits for its reply. Raises: StoreError."""

    async def call_held(self, hold: Hold, *args: str | bytes | int | float) -> Any:
        """The same, and waits until what it wrote is held. Raises: StoreError."""

    def subscribe(self, channel: str, listener: DeltaListener) -> AbstractAsyncContextManager[None]:
        """Brings messages to the listener, over all reconnections. Raises: StoreError."""


class Topology(Protocol):
    """Finds the way to a world, and keeps its links connected."""

    def link_for(self, world: WorldName) -> Route:
        """The way to the server that holds a world. Raises: StoreUnavailable, when none is known."""

    def links(self) -> Iterable[Link]:
        """A link to every server that holds worlds."""

    async def ready(self) -> None:
        """Waits until it is known which servers there are. Raises: StoreUnavailable."""

    async def run(self) -> None:
        """Keeps the links connected until cancelled."""


@attrs.frozen(eq=False)
class Standalone:
    """One server holds all worlds, or the primary of a group."""

    link: Link

    def link_for(self, world: WorldName) -> Link:
        """The only link."""
        return self.link

    def links(self) -> Iterable[Link]:
        """The only link."""
        return (self.link,)

    async def ready(self) -> None:
        """There is nothing to find out."""
        await trio.lowlevel.checkpoint()

    async def run(self) -> None:
        """Keeps the link connected until cancelled."""
        await self.link.run()


def topology_of(url: StoreUrl, rng: random.Random, times: LinkTimes) -> Topology:
    """What stands behind a URL; not connected yet."""
    match url.shape:
        case Shape.SERVER:
            return Standalone(Link(url.addresses[0], rng, times))
        case Shape.SENTINEL:
            return Standalone(Link(Primary(url), rng, times))
        case Shape.CLUSTER:
            return Cluster(url.addresses, rng, times)
        case _:
            assert_never(url.shape)
