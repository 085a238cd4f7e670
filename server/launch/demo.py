"""The demo's controls: ``/demo/...`` of ``oarlock up``, by which its page kills, pauses and drains nodes.

How it works: the launcher, which owns the processes, answers on a port of its own; HAProxy sends ``/demo/`` there. A
node that ended is started anew, so that there is always a fleet to play with. The page is also told what the audit of
the world has found so far.
Must not know: the page. Invariant: it does what it is told only by a page that it served itself, on this machine.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import attrs
import msgspec
import trio

from server.api import answer
from server.launch.audit import Audit
from server.launch.cluster import Cluster
from server.launch.inspection import cpu_s
from server.launch.ports import is_loopback
from server.net.admission import Accept
from server.net.connection import Connection
from server.net.http import Request, Response, Routes, explain
from server.net.limits import Limits
from server.net.listener import serve

RESTART_S = 4.0
"""How long a node that ended stays away: long enough to see its players move."""
HEADER = "x-oarlock-demo"
"""A page of another site cannot send it without asking first, and is not answered."""
_LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
_SIGNALS = {
    "kill": signal.SIGKILL,
    "pause": signal.SIGSTOP,
    "resume": signal.SIGCONT,
    "drain": signal.SIGTERM,
}
_STATES = {"kill": "ended", "pause": "paused", "resume": "running", "drain": "draining"}


class DemoNode(msgspec.Struct, frozen=True):
    """A node, as the page shows it. ``state``: running, paused, draining, ended or starting."""

    name: str
    pid: int
    port: int
    state: str
    cpu_s: float


class DemoState(msgspec.Struct, frozen=True):
    """Answer to ``GET /demo/state``."""

    nodes: list[DemoNode]
    invariants: dict[str, int | str]
    actions: list[str]


@attrs.define(eq=False)
class Demo:
    """The controls of one cluster."""

    cluster: Cluster
    audit: Audit
    _states: dict[int, str] = attrs.field(factory=dict)

    def routes(self) -> Routes:
        """What the launcher answers."""
        return Routes(exact={"/demo/state": self._show}, posts={"/demo/nodes/": self._act})

    async def revive_forever(self, place: int) -> None:
        """Starts a node anew whenever it has ended."""
        while True:
            await self.cluster.nodes[place].process.wait()
            self._states[place] = "ended"
            await trio.sleep(RESTART_S)
            self._states[place] = "starting"
            await self.cluster.replace(place)
            self._states[place] = "running"

    def wake_all(self) -> None:
        """Lets paused nodes go on, so that they can end."""
        for node in self.cluster.nodes:
            node.process.signal(signal.SIGCONT)

    async def _show(self, request: Request) -> Response:
        fault = fault_of(request)
        if fault is not None:
            return fault
        nodes = [
            DemoNode(node.name, node.process.pid, node.port, self._state(place), round(cpu_s(node.process.pid), 2))
            for place, node in enumerate(self.cluster.nodes)
        ]
        return answer(200, DemoState(nodes, self.audit.figures(), list(_SIGNALS)))

    async def _act(self, request: Request) -> Response:
        """``POST /demo/nodes/NAME/ACTION``."""
        fault = fault_of(request)
        if fault is not None:
            return fault
        name, _, action = request.path.removeprefix("/demo/nodes/").partition("/")
        places = [place for place, node in enumerate(self.cluster.nodes) if node.name == name]
        if not places or action not in _SIGNALS:
            return explain(404, "POST /demo/nodes/NAME/ACTION, as /demo/state has them")
        (place,) = places
        if self._state(place) not in ("running", "paused", "draining"):
            return explain(409, f"{name} is {self._state(place)}")
        if action == "drain":
            self.cluster.nodes[place].process.signal(signal.SIGCONT)
        self._states[place] = _STATES[action]
        self.cluster.nodes[place].process.signal(_SIGNALS[action])
        return answer(202, {"name": name, "state": self._state(place)})

    def _state(self, place: int) -> str:
        return self._states.get(place, "running")


class _NoSockets:
    """There is nothing to play at the launcher's own port."""

    def admit(self, request: Request) -> Accept | Response:
        return explain(404)

    async def handle(self, connection: Connection) -> None:
        connection.abort()


def fault_of(request: Request) -> Response | None:
    """Why a request is not obeyed; None: it comes from this machine, and to act from our own page."""
    host = request.headers.get("host", "")
    # A name of somebody's that leads here is not ours, however it resolves.
    if not is_loopback(request.peer) or urlsplit(f"//{host}").hostname not in _LOCAL_NAMES:
        return explain(403, "the demo is controlled from this machine alone")
    if request.method != "POST":
        return None
    if request.headers.get(HEADER) != "1" or urlsplit(request.headers.get("origin", f"http://{host}")).netloc != host:
        return explain(403, f"send {HEADER}: 1, from the demo's own page")
    return None


@asynccontextmanager
async def demo_controls(
    cluster: Cluster, audit: Audit, listeners: list[trio.SocketListener]
) -> AsyncGenerator[Demo, None]:
    """The controls answer while the context is open."""
    demo = Demo(cluster, audit)
    async with trio.open_nursery() as nursery:
        for place in range(len(cluster.nodes)):
            nursery.start_soon(demo.revive_forever, place)
        await nursery.start(partial(serve, listeners, demo.routes(), _NoSockets(), Limits()))
        try:
            yield demo
        finally:
            demo.wake_all()
        nursery.cancel_scope.cancel()
