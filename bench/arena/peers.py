"""Who takes part: for each peer, what to start and where the players connect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs

from bench.arena.install import RIVALS, ROOT, Tools

HOST = "127.0.0.1"
GRID = 5


@attrs.frozen
class Program:
    """A process of a peer; the next one is started once this one listens on ``port``."""

    name: str
    command: list[str]
    port: int


@attrs.frozen
class Scene:
    """Where one run takes place: programs, ten free ports in a row from ``base`` on, a scratch folder."""

    tools: Tools
    base: int
    folder: Path

    @property
    def store_port(self) -> int:
        """Where the store listens."""
        return self.base + 1

    def server_port(self, place: int) -> int:
        """Where a server process listens, counted from 0."""
        return self.base + 2 + place


ServerCommand: TypeAlias = Callable[[Scene, int], list[str]]


@attrs.frozen
class Peer:
    """A system under test.

    Args:
        protocol: of the load generator (``load/proto_*.c``).
        server: the command of a server process, by its place.
        servers: how many there are.
        store: whether they need one.
        proxy: whether HAProxy stands before them; if not, players take the servers in turn.
        grid: side of the grid that players are spread over; 1: all in one place.
    """

    title: str
    protocol: str
    server: ServerCommand
    servers: int = 1
    store: bool = True
    proxy: bool = False
    grid: int = 1

    def programs(self, scene: Scene) -> list[Program]:
        """What to start, in order."""
        programs = [_valkey(scene)] if self.store else []
        programs += [self._server(scene, place) for place in range(self.servers)]
        return [*programs, _haproxy(scene, self.servers)] if self.proxy else programs

    def ports(self, scene: Scene) -> list[int]:
        """Where players connect."""
        return [scene.base] if self.proxy else [scene.server_port(place) for place in range(self.servers)]

    def _server(self, scene: Scene, place: int) -> Program:
        return Program(f"server{place + 1}", self.server(scene, place), scene.server_port(place))


def _valkey(scene: Scene) -> Program:
    command = [str(scene.tools.valkey), "--port", str(scene.store_port), "--bind", HOST, "--dir", str(scene.folder)]
    command += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    return Program("store", command, scene.store_port)


def _haproxy(scene: Scene, servers: int) -> Program:
    """The same plain configuration for all: connections in turn."""
    lines = ["global", "  maxconn 8000", "defaults", "  mode http", "  timeout connect 5s", "  timeout client 60s"]
    lines += ["  timeout server 60s", "  timeout tunnel 1h", "frontend players", f"  bind {HOST}:{scene.base}"]
    lines += ["  default_backend servers", "backend servers", "  balance roundrobin"]
    lines += [f"  server s{place} {HOST}:{scene.server_port(place)}" for place in range(servers)]
    config = scene.folder / "haproxy.cfg"
    config.write_text("\n".join([*lines, ""]))
    return Program("haproxy", [str(scene.tools.haproxy), "-db", "-f", str(config)], scene.base)


def _oarlock(game: str, *options: str) -> ServerCommand:
    def command(scene: Scene, place: int) -> list[str]:
        python = [str(scene.tools.oarlock_python), "-m", "server.cli", "serve", "--name", f"node{place + 1}"]
        python += ["--bind", f"{HOST}:{scene.server_port(place)}", "--store", f"redis://{HOST}:{scene.store_port}/0"]
        return [*python, "--game", f"bench.arena.game:{game}", *options]

    return command


def _node(script: str, *options: str) -> ServerCommand:
    def command(scene: Scene, place: int) -> list[str]:
        ports = [str(scene.server_port(place)), str(scene.store_port)]
        return [str(scene.tools.node), str(RIVALS / script), *ports, *options]

    return command


def _python(script: str) -> ServerCommand:
    def command(scene: Scene, place: int) -> list[str]:
        return [str(scene.tools.python), str(RIVALS / script), str(scene.server_port(place)), str(scene.store_port)]

    return command


_AT_ONCE = ("--world-flush-hz", "1000", "--world-commit-pause-s", "0")

PEERS = {
    "oarlock": Peer("Oarlock, one node", "oarlock", _oarlock("together")),
    "oarlock-two": Peer("Oarlock, two nodes", "oarlock", _oarlock("together"), servers=2),
    "oarlock-proxy": Peer("Oarlock, two nodes behind HAProxy", "oarlock", _oarlock("together"), servers=2, proxy=True),
    "oarlock-spread": Peer("Oarlock, one node, players on a grid", "oarlock", _oarlock("spread"), grid=GRID),
    "oarlock-spread-proxy": Peer(
        "Oarlock, two nodes behind HAProxy, players on a grid",
        "oarlock",
        _oarlock("spread"),
        servers=2,
        proxy=True,
        grid=GRID,
    ),
    "oarlock-at-once": Peer("Oarlock, two nodes, flush at once", "oarlock", _oarlock("together", *_AT_ONCE), servers=2),
    "colyseus": Peer("Colyseus, one process, in memory", "colyseus", _node("colyseus.mjs"), store=False),
    "socketio": Peer(
        "Socket.IO, redis-adapter, two processes behind HAProxy, a message a change",
        "sio",
        _node("socketio.mjs"),
        servers=2,
        proxy=True,
    ),
    "socketio-direct": Peer("the same without HAProxy", "sio", _node("socketio.mjs"), servers=2),
    "socketio-batched": Peer(
        "Socket.IO, redis-adapter, two processes behind HAProxy, batched by hand at 20 Hz",
        "sio",
        _node("socketio.mjs", "batch"),
        servers=2,
        proxy=True,
    ),
    "socketio-batched-one": Peer("the same, one process, direct", "sio", _node("socketio.mjs", "batch")),
    "python-socketio": Peer(
        "python-socketio on uvicorn and uvloop, two processes behind HAProxy, a message a change",
        "sio",
        _python("python_socketio.py"),
        servers=2,
        proxy=True,
    ),
    "relay": Peer(
        "the talk's relay (ws, pub/sub, no state), two processes behind HAProxy",
        "relay",
        _node("relay.mjs"),
        servers=2,
        proxy=True,
    ),
    "naive": Peer(
        "naive trio-websocket relay, two processes behind HAProxy", "json", _python("naive.py"), servers=2, proxy=True
    ),
    "naive-one": Peer("the same, one process, direct", "json", _python("naive.py")),
}

ENVIRONMENT = {"NODE_ENV": "production", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
