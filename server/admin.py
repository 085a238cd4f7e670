"""The operators' page and its figures: ``/admin``, for whoever has the token; without a token there is no such page.

What it tells comes from the store, so that any node tells the same. Must not know: sockets, sessions.
Invariant: the token is never in a path, a log or an answer, and guessing it tells nothing by the time it takes.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import attrs
import msgspec
import trio

from server.api import answer
from server.errors import UsageError
from server.net.http import Request, Response, Routes, explain
from server.net.static import StaticFiles
from server.operators import Operators, Player
from shared_state.directory_entry import NodeEntry, WorldEntry, WorldFilter
from shared_state.errors import BadName, SharedStateError, StoreError, WorldGone
from shared_state.names import WorldName, world_name

MOST_WORLDS = 50
"""Worlds whose heads are asked for with each state."""
MOST_PLAYERS = 200
FRESH_S = 0.5
MIN_TOKEN_CHARACTERS = 16


class NodeRow(msgspec.Struct, frozen=True):
    """A node, with the figures that it gives of itself."""

    name: str
    address: str
    draining: bool
    load: dict[str, float]


class WorldRow(msgspec.Struct, frozen=True):
    """A world; ``version`` 0: nothing is stored of it."""

    name: str
    kind: str
    seats: int
    used: int
    private: bool
    persistent: bool
    version: int


class State(msgspec.Struct, frozen=True):
    """Answer to ``GET /admin/state``. ``more``: there are more worlds than these."""

    answered_by: str
    game: str
    store: str
    nodes: list[NodeRow]
    worlds: list[WorldRow]
    more: bool


class Players(msgspec.Struct, frozen=True):
    """Answer to ``GET /admin/worlds/NAME``. ``count``: all of them; some are listed."""

    world: str
    count: int
    players: list[Player]


@attrs.define(eq=False)
class AdminPage:
    """The page of one node.

    Args:
        node, game: names to show.
        token: what an operator has to show; empty: nobody may look.
    """

    operators: Operators
    node: str
    game: str
    token: str
    root: Path
    _state: State | None = None
    _asked_s: float = 0.0

    def __attrs_post_init__(self) -> None:
        if self.token and len(self.token) < MIN_TOKEN_CHARACTERS:
            raise UsageError(f"OARLOCK_ADMIN_TOKEN needs {MIN_TOKEN_CHARACTERS} characters or more")

    def routes(self) -> Routes:
        """What is answered below ``/admin``."""
        if not self.token:
            return Routes(prefixes={"/admin": _nothing})
        return Routes(
            exact={"/admin": _to_page, "/admin/state": self._show},
            prefixes={"/admin/worlds/": self._show_world, "/admin/": StaticFiles(self.root, "/admin/")},
        )

    async def _show(self, request: Request) -> Response:
        if not self._may_look(request):
            return _who()
        now_s = trio.current_time()
        if self._state is None or now_s - self._asked_s > FRESH_S:
            try:
                self._state = await self._ask()
            except StoreError as error:
                return answer(503, {"code": "busy", "text": str(error)})
            self._asked_s = now_s
        return answer(200, self._state)

    async def _show_world(self, request: Request) -> Response:
        if not self._may_look(request):
            return _who()
        try:
            world = world_name(request.path.removeprefix("/admin/worlds/"))
            players = await self.operators.players(world)
        except BadName as error:
            return answer(404, {"code": "no_such_world", "text": str(error)})
        except SharedStateError as error:
            return answer(503, {"code": "busy", "text": str(error)})
        return answer(200, Players(world, len(players), players[:MOST_PLAYERS]))

    async def _ask(self) -> State:
        directory, store = self.operators.directory, self.operators.store
        info = await store.info()
        page = await directory.list_worlds(WorldFilter(include_private=True), limit=MOST_WORLDS)
        worlds = [_world(entry, await self._version(entry.name)) for entry in page.entries]
        nodes = [_node(entry) for entry in await directory.nodes()]
        return State(self.node, self.game, f"{info.kind} {info.version}", nodes, worlds, bool(page.cursor))

    async def _version(self, world: WorldName) -> int:
        try:
            return (await self.operators.store.head(world)).version
        except WorldGone:
            return 0

    def _may_look(self, request: Request) -> bool:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        # Digests have one length: comparing them takes the same time whatever was shown.
        return scheme.lower() == "bearer" and hmac.compare_digest(_digest(shown.strip()), _digest(self.token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _who() -> Response:
    refused = answer(401, {"code": "not_allowed", "text": "show the operators' token"})
    return attrs.evolve(refused, headers={**refused.headers, "www-authenticate": "Bearer"})


def _node(entry: NodeEntry) -> NodeRow:
    return NodeRow(entry.name, entry.address, entry.draining, dict(entry.load))


def _world(entry: WorldEntry, version: int) -> WorldRow:
    return WorldRow(entry.name, entry.kind, entry.seats, entry.used, entry.private, entry.persistent, version)


async def _nothing(_request: Request) -> Response:
    return explain(404)


async def _to_page(_request: Request) -> Response:
    return explain(308, headers={"location": "/admin/"})
