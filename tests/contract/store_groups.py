"""Several real servers that belong together: a cluster, and a primary with a replica and Sentinels, on loopback."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import attrs
import trio
from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from server.launch.ports import free_ports
from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.kept_process import kept_process
from shared_state.names import WorldName
from shared_state.redis.server_info import parse_info
from tests.contract.servers import server_binary

SLOTS = 16384
NODE_TIMEOUT_MS = 1000
DOWN_AFTER_MS = 700
PRIMARY = "flotsam"


@attrs.frozen(eq=False)
class Server:
    """One server of a group, and a client that administers it (blocking)."""

    store: EmbeddedStore
    admin: Redis

    @property
    def port(self) -> int:
        """Where it listens on the loopback interface."""
        return int(self.store.tcp_url.rpartition(":")[2])

    @property
    def node_id(self) -> str:
        """Its name in the cluster."""
        name: str | bytes = self.admin.execute_command("CLUSTER MYID")
        return name.decode() if isinstance(name, bytes) else name

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.store.pid, signal.SIGKILL)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stands still, and keeps its connections."""
        os.kill(self.store.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.store.pid, signal.SIGCONT)


@attrs.frozen(eq=False)
class StoreCluster:
    """A running cluster: primaries, and replicas of the first ones."""

    primaries: list[Server]
    replicas: list[Server]

    @property
    def url(self) -> str:
        """As an operator writes it."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.primaries)

    def owner(self, world: WorldName) -> Server:
        """The server that was given a world's slot at first."""
        return self.primaries[key_slot(world.encode()) * len(self.primaries) // SLOTS]

    def migrate(self, world: WorldName, source: Server, target: Server) -> None:
        """Moves the slot of a world, key by key, as redis-cli does it; the servers go on serving."""
        slot = key_slot(world.encode())
        target.admin.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source.node_id)
        source.admin.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target.node_id)
        while keys := source.admin.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
            for key in keys:
                source.admin.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        for server in (target, source, *self.primaries):
            server.admin.execute_command("CLUSTER SETSLOT", slot, "NODE", target.node_id)


@attrs.frozen(eq=False)
class Watched:
    """A primary and its replicas, watched by Sentinels."""

    primary: Server
    replicas: list[Server]
    sentinels: list[int]

    @property
    def url(self) -> str:
        """As an operator writes it."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://{hosts}/{PRIMARY}"


@asynccontextmanager
async def running(kind: str, *options: str, directory: Path | None = None) -> AsyncIterator[Server]:
    """One server that listens on a port."""
    binary = server_binary(kind)
    at_once = ("--repl-diskless-sync-delay", "0")
    async with embedded_store(binary=binary, tcp=True, options=(*at_once, *options), directory=directory) as store:
        with Redis.from_url(store.url, socket_timeout=10) as admin:
            yield Server(store, admin)


@asynccontextmanager
async def store_cluster(
    kind: str = "valkey", primaries: int = 3, replicas: int = 0, options: Sequence[str] = ()
) -> AsyncIterator[StoreCluster]:
    """A cluster whose slots are dealt out evenly; replicas are of the first primaries."""
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(running(kind, *_cluster_options(), *options))
            for _ in range(primaries + replicas)
        ]
        cluster = StoreCluster(servers[:primaries], servers[primaries:])
        await trio.to_thread.run_sync(_introduce, cluster)
        await until(lambda: all(_knows(server, len(servers)) for server in servers))
        for replica, primary in zip(cluster.replicas, cluster.primaries, strict=False):
            replica.admin.execute_command("CLUSTER REPLICATE", primary.node_id)
        await until(lambda: all(map(_is_whole, servers)) and all(map(is_synced, cluster.replicas)))
        yield cluster


@asynccontextmanager
async def watched_primary(
    kind: str = "valkey", options: Sequence[str] = (), replicas: int = 1, sentinels: int = 1
) -> AsyncIterator[Watched]:
    """A primary, replicas that have caught up, and Sentinels that know all of them."""
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(running(kind, *options))
        follow = (*options, "--replicaof", "127.0.0.1", str(primary.port))
        copies = [await stack.enter_async_context(running(kind, *follow)) for _ in range(replicas)]
        await until(lambda: all(map(is_synced, copies)) and _feeds(primary, replicas))
        ports = [await stack.enter_async_context(_sentinel(kind, primary.port, sentinels)) for _ in range(sentinels)]
        await until(lambda: all(_watches(port, replicas, sentinels) for port in ports))
        yield Watched(primary, copies, ports)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for other processes; blocking questions are asked in a thread."""
    while not await trio.to_thread.run_sync(partial(_quietly, holds)):  # noqa: ASYNC110 - of others there is no event
        await trio.sleep(0.05)


def _quietly(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except RedisError:
        return False


def _cluster_options() -> Iterable[str]:
    return (
        *("--cluster-enabled", "yes", "--cluster-port", str(free_ports(1)[0])),
        *("--cluster-node-timeout", str(NODE_TIMEOUT_MS)),
    )


def _introduce(cluster: StoreCluster) -> None:
    share = SLOTS / len(cluster.primaries)
    first = cluster.primaries[0]
    bus = int(first.admin.config_get("cluster-port")["cluster-port"])
    for number, server in enumerate(cluster.primaries):
        edges = [-(-SLOTS * (number + more) // len(cluster.primaries)) for more in (0, 1)]
        assert abs(edges[1] - edges[0] - share) < 1
        server.admin.execute_command("CLUSTER ADDSLOTSRANGE", edges[0], edges[1] - 1)
    for server in (*cluster.primaries[1:], *cluster.replicas):
        server.admin.execute_command("CLUSTER MEET", "127.0.0.1", first.port, bus)


def _knows(server: Server, count: int) -> bool:
    return int(_cluster_info(server)["cluster_known_nodes"]) == count


def _is_whole(server: Server) -> bool:
    info = _cluster_info(server)
    return info["cluster_state"] == "ok" and int(info["cluster_slots_ok"]) == SLOTS


def _cluster_info(server: Server) -> dict[str, str]:
    said = server.admin.execute_command("CLUSTER INFO")
    if isinstance(said, dict):
        return said
    return parse_info(said.decode())


def is_synced(server: Server) -> bool:
    """Whether a replica has caught up with its primary."""
    info = server.admin.info("replication")
    return info["role"] == "slave" and info["master_link_status"] == "up"


def _feeds(primary: Server, replicas: int) -> bool:
    """Whether so many get what a primary writes: one that says it is up gets nothing before its first ACK."""
    primary.admin.set("fed", 1, px=1000)
    return int(primary.admin.wait(replicas, 100)) == replicas


@asynccontextmanager
async def _sentinel(kind: str, primary_port: int, quorum_of: int) -> AsyncIterator[int]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"sentinel monitor {PRIMARY} 127.0.0.1 {primary_port} {quorum_of // 2 + 1}",
            f"sentinel down-after-milliseconds {PRIMARY} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {PRIMARY} 3000",
        ]
        configuration = home / "sentinel.conf"
        configuration.write_text("\n".join(lines) + "\n")
        command = [str(server_binary(kind)), str(configuration), "--sentinel"]
        async with kept_process(command, home / "sentinel.log"):
            yield port


def _watches(port: int, replicas: int, sentinels: int) -> bool:
    with Redis(port=port, socket_timeout=1) as client:
        state = client.sentinel_masters()[PRIMARY]
    return bool(state["num-slaves"] == replicas and state["num-other-sentinels"] == sentinels - 1)
