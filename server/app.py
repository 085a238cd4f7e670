"""The composition root: builds one node from its configuration and runs it until it is told to stop."""

from __future__ import annotations

import gc
import random
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import structlog
import trio

import server
from server.admin import AdminPage
from server.api import WorldApi
from server.beat import Beat
from server.config import IdentityConfig, NodeConfig
from server.drain import Drain
from server.errors import UsageError
from server.game.game import load_game
from server.identity.ban_watch import BanWatch
from server.identity.gate import Gate
from server.identity.key_file import KeyFile
from server.identity.tokens import TokenAuthority
from server.logs import report_left_out_forever
from server.metrics import render
from server.net.http import Request, Response, Routes, explain
from server.net.limits import Limits
from server.net.listener import serve
from server.net.static import StaticFiles
from server.node import Node
from server.operators import Operators
from server.readiness import Readiness
from server.session.boundary import Boundary
from shared_state.bans import Bans
from shared_state.redis.bans import RedisBans
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.durability import Durability
from shared_state.redis.store import open_store

log = structlog.get_logger()

MAX_PORT = 65_535
GC_YOUNG, GC_MIDDLE, GC_OLD = 25_000, 20, 20
"""New objects after which the youngest are gone through; how many times, until older ones are."""
WEB_ROOT = Path(server.__file__).parent / "web"


async def run_node(
    config: NodeConfig, admin_token: str = "", task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. Started, with the port, once it listens.

    Args:
        admin_token: opens the operators' page; empty: there is none.

    Raises:
        UsageError: the address cannot be listened on, the token is too short, or the keys cannot be used.
        GameError: there is no such game.
        StoreError: the store cannot be used.
    """
    structlog.contextvars.bind_contextvars(node=config.name)
    game = load_game(config.game)
    durability = Durability.parse(config.durability)
    limits = config.clients.limits(most_descriptors())
    config.check()
    listeners = await _listen(config.bind)
    async with open_store(config.store, durability=durability) as store, trio.open_nursery() as nursery:
        gate = await _open_gate(config.identity, nursery)
        directory = RedisDirectory(store.topology, most_worlds=config.worlds.most)
        node = Node(config, game, store, directory, nursery, gate)
        bans = RedisBans(store.topology)
        watch = BanWatch(bans, gate, node.expel_banned)
        await watch.ask()
        nursery.start_soon(watch.ask_forever)
        nursery.start_soon(Beat(node).run)
        nursery.start_soon(node.lag.measure_forever)
        nursery.start_soon(node.worlds.sweep_forever)
        nursery.start_soon(report_left_out_forever)
        nursery.start_soon(_drain_on_signal, node, nursery.cancel_scope)
        await nursery.start(partial(_serve, node, routes_of(node, bans, admin_token), limits, listeners))
        port: int = listeners[0].socket.getsockname()[1]
        collect_seldom()
        log.info("node listening", port=port)
        task_status.started(port)


async def _open_gate(config: IdentityConfig, nursery: trio.Nursery) -> Gate:
    """Who may play; keys are followed in the nursery."""
    if not config.keys:
        return Gate()
    keys = KeyFile(Path(config.keys))
    await keys.load()
    nursery.start_soon(keys.follow_forever)
    return Gate(TokenAuthority(lambda: keys.keys, config.audience, config.issuer, config.leeway_s))


async def _serve(
    node: Node, routes: Routes, limits: Limits, listeners: list[trio.SocketListener], task_status: trio.TaskStatus[None]
) -> None:
    around = partial(_boundary_of, node)
    await serve(listeners, routes, node, limits, boundary=around, task_status=task_status)


def most_descriptors() -> int:
    """How many descriptors this process may have: as many as the system lets it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def collect_seldom() -> None:
    """Has the garbage collector look for cycles seldom, and not among what stays as long as the process does.

    A batch and its jobs are some ten thousand objects that are all needed until it lands, and die without a collector:
    by default it goes through them again and again, and through all players' sessions with them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG, GC_MIDDLE, GC_OLD)


def _boundary_of(node: Node, peer: str) -> AbstractContextManager[object]:
    return Boundary(node=node.config.name, peer=peer)


def routes_of(node: Node, bans: Bans, admin_token: str) -> Routes:
    """What the node answers over plain HTTP. Raises: UsageError."""
    readiness = Readiness(node.store, node.is_current)

    async def live(_request: Request) -> Response:
        return explain(200, "live")

    async def ready(_request: Request) -> Response:
        fault = "draining" if node.draining else await readiness.fault()
        return explain(503, fault) if fault else explain(200, "ready")

    async def metrics(_request: Request) -> Response:
        return Response(200, render(node), {"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    api = WorldApi(node.worlds)
    operators = Operators(node.store, node.directory, bans)
    admin = AdminPage(operators, node.config.name, node.game.name, admin_token, WEB_ROOT / "admin")
    routes = Routes(
        exact={"/live": live, "/ready": ready, "/metrics": metrics, "/api/worlds": api.list},
        prefixes={"/": StaticFiles(WEB_ROOT)},
        posts={"/api/worlds": api.create, "/api/join": api.join},
    )
    return routes.joined(admin.routes())


async def _listen(bind: str) -> list[trio.SocketListener]:
    host, separator, port = bind.rpartition(":")
    # The resolver takes a port modulo 2**16: it would listen somewhere else.
    if not separator or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise UsageError(f"bind address {bind!r} is not HOST:PORT")
    try:
        return await trio.open_tcp_listeners(int(port), host=host.strip("[]") or None, backlog=4096)
    except OSError as error:
        raise UsageError(f"cannot listen on {bind}: {error.strerror or error}") from None


async def _drain_on_signal(node: Node, scope: trio.CancelScope) -> None:
    """The first signal drains, or an operator's request; another signal hastens it."""
    drain = Drain(node, node.config.drain, random.Random())
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        reason = await _why_drain(node, signals)
        log.info("draining", reason=reason)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_hasten_on_signal, drain, signals)
            await drain.run()
            nursery.cancel_scope.cancel()
    scope.cancel()


async def _why_drain(node: Node, signals: AsyncIterator[int]) -> str:
    """Waits for a reason to go away."""
    reason = "an operator asked for it"
    async with trio.open_nursery() as nursery:

        async def heed_signal() -> None:
            nonlocal reason
            reason = signal.Signals(await anext(signals)).name
            nursery.cancel_scope.cancel()

        nursery.start_soon(heed_signal)
        await node.asked_to_drain.wait()
        nursery.cancel_scope.cancel()
    return reason


async def _hasten_on_signal(drain: Drain, signals: AsyncIterator[int]) -> None:
    await anext(signals)
    drain.hasten()
