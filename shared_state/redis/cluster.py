"""The nodes of a cluster: which of them serves a world, while slots move and primaries fail.

How it works: there is one link for each primary. Who serves which slot is asked from the nodes now and then, at once
when a link breaks, and learnt from every redirection. A channel is always listened to on the link of its slot's
server: when that changes, the listeners are handed over, and told of the new subscription like of any other.
Must not know: worlds' contents. Invariant: a channel stands with the link that serves its slot, and with no other.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache, partial
from typing import Any

import attrs
import trio
from redis.crc import key_slot

from shared_state.errors import StoreUnavailable
from shared_state.logs import log
from shared_state.names import WorldName
from shared_state.redis.address import StoreAddress
from shared_state.redis.discovery import ClusterMap, read_map
from shared_state.redis.durability import Hold
from shared_state.redis.link import Link, LinkTimes, listening
from shared_state.redis.replies import Redirected
from shared_state.redis.subscriptions import Subscriptions
from shared_state.store import DeltaListener

MOST_REDIRECTIONS = 5
LOOK_EVERY_S = 10.0
"""How often the map is read when nothing asks for it."""
LOOK_AGAIN_S = 0.25
"""The same, while a server is away; and the least time between two readings."""


@attrs.frozen(eq=False)
class SlotRoute:
    """The way to whoever serves a slot."""

    cluster: Cluster
    slot: int

    @property
    def connections(self) -> int:
        """A number that rises whenever another connection, or another server, may be used from then on."""
        return self.cluster.connections

    async def call(self, *args: str | bytes | int | float) -> Any:
        """Sends a command, follows redirections and waits for the reply. Raises: StoreError."""
        return await self._follow(lambda link, asking: link.call_asking(*args) if asking else link.call(*args))

    async def call_held(self, hold: Hold, *args: str | bytes | int | float) -> Any:
        """The same, and waits until what it wrote is held; not while the slot is on its way. Raises: StoreError."""
        return await self._follow(lambda link, _: link.call_held(hold, *args))

    async def _follow(self, send: Callable[[Link, bool], Awaitable[Any]]) -> Any:
        link = self.cluster.owner(self.slot)
        asking = False
        for _ in range(MOST_REDIRECTIONS):
            try:
                return await send(link, asking)
            except Redirected as elsewhere:
                link = self.cluster.follow(elsewhere, link)
                asking = elsewhere.once
        raise StoreUnavailable(f"slot {self.slot} is on its way between servers")

    def subscribe(self, channel: str, listener: DeltaListener) -> AbstractAsyncContextManager[None]:
        """Brings messages to the listener, over all reconnections and moves. Raises: StoreError."""
        return listening(partial(self.cluster.owner, self.slot), channel, listener)


@attrs.define(eq=False)
class Cluster:
    """Links to the primaries of a cluster.

    Args:
        seeds: some of its nodes.
        rng: for the jitter of links.
    """

    seeds: Sequence[StoreAddress]
    rng: random.Random
    times: LinkTimes
    _links: dict[StoreAddress, Link] = attrs.field(factory=dict)
    _scopes: dict[Link, trio.CancelScope] = attrs.field(factory=dict)
    _owners: dict[int, Link] = attrs.field(factory=dict)
    _visited: set[Link] = attrs.field(factory=set)
    _known: tuple[StoreAddress, ...] = ()
    _changes: int = 0
    _trouble: str = "it was not asked yet"
    _doubt: trio.Event = attrs.field(factory=trio.Event)
    _mapped: trio.Event = attrs.field(factory=trio.Event)
    _nursery: trio.Nursery | None = None

    def link_for(self, world: WorldName) -> SlotRoute:
        """The way to the server that holds a world."""
        return SlotRoute(self, _slot_of(world))

    def links(self) -> Iterable[Link]:
        """A link to every server that serves slots."""
        return tuple(dict.fromkeys(self._owners.values()))

    @property
    def connections(self) -> int:
        """Changes of the map and connections made, of all servers."""
        return self._changes + sum(link.connections for link in self._links.values())

    async def ready(self) -> None:
        """Waits until the servers are known. Raises: StoreUnavailable."""
        with trio.move_on_after(self.times.unavailable_after_s):
            await self._mapped.wait()
        if not self._owners:
            raise StoreUnavailable(self._trouble)

    async def run(self) -> None:
        """Keeps the map true and the links connected until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            while True:
                await self._look()
                whole = bool(self._owners) and all(link.is_up for link in self.links())
                with trio.move_on_after(LOOK_EVERY_S if whole else LOOK_AGAIN_S):
                    await self._doubt.wait()
                self._doubt = trio.Event()
                await trio.sleep(LOOK_AGAIN_S)

    def owner(self, slot: int) -> Link:
        """The link to who serves a slot. Raises: StoreUnavailable, when nobody is known to."""
        link = self._owners.get(slot)
        if link is None:
            raise StoreUnavailable(f"nobody serves slot {slot} of the cluster: {self._trouble}")
        return link

    def follow(self, redirected: Redirected, source: Link) -> Link:
        """The link that a redirection points to; a moved slot is asked for there from now on."""
        host = redirected.host or getattr(source.address, "host", "")
        link = self._link_to(self.seeds[0].at(host, redirected.port))
        self._changes += 1
        self._visited.add(link)
        if not redirected.once:
            self._owners[redirected.slot] = link
            self._hand_over()
            self._doubt.set()
        return link

    async def _look(self) -> None:
        """Reads the map from a node that answers, a random one first: one that is cut off may have an old map."""
        known = self.rng.sample(self._known, len(self._known))
        nodes = tuple(dict.fromkeys((*known, *self.seeds)))
        try:
            found = await trio.to_thread.run_sync(partial(read_map, nodes), abandon_on_cancel=True)
        except StoreUnavailable as error:
            self._trouble = str(error)
            log.warning("cluster not read", reason=self._trouble)
        else:
            self._install(found)

    def _install(self, found: ClusterMap) -> None:
        self._known = found.nodes
        owners = dict(self._owners)
        for held in found.ranges:
            owners.update(dict.fromkeys(range(held.first, held.last + 1), self._link_to(held.primary)))
        if owners != self._owners:
            self._changes += 1
            self._owners = owners
            self._hand_over()
        self._retire()
        self._mapped.set()

    def _link_to(self, server: StoreAddress) -> Link:
        link = self._links.get(server)
        if link is None:
            subscriptions = Subscriptions(lambda redirected: self._redirect(redirected, server))
            link = Link(server, self.rng, self.times, self._suspect, subscriptions)
            self._links[server] = link
            scope = self._scopes[link] = trio.CancelScope()
            assert self._nursery is not None
            self._nursery.start_soon(_run, link, scope)
        return link

    def _suspect(self) -> None:
        self._doubt.set()

    def _redirect(self, redirected: Redirected, server: StoreAddress) -> None:
        self.follow(redirected, self._links[server])

    def _hand_over(self) -> None:
        """Has every channel listened to where its slot is served."""
        for link in tuple(self._links.values()):
            for channel in link.subscriptions.channels():
                heir = self._owners.get(key_slot(channel), link)
                if heir is not link:
                    link.hand_over(channel, heir)

    def _retire(self) -> None:
        """Ends links to servers that serve no slot, and were not asked since the last reading."""
        needed = {*self._owners.values(), *self._visited}
        self._visited.clear()
        for server, link in tuple(self._links.items()):
            if link not in needed:
                self._changes += link.connections
                del self._links[server]
                self._scopes.pop(link).cancel()


async def _run(link: Link, scope: trio.CancelScope) -> None:
    with scope:
        await link.run()


@lru_cache(maxsize=4096)
def _slot_of(world: WorldName) -> int:
    """The slot of all keys of a world: that of its hash tag."""
    slot: int = key_slot(world.encode())
    return slot
