"""Worlds over plain HTTP: ``/api/worlds`` lists and makes them, ``/api/join`` reserves a seat (docs/protocol.md).

Must not know: sockets, sessions. Invariant: every answer is JSON, and each refusal has a code and a text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qs

import attrs
import msgspec

from server.net.http import Request, Response
from server.worlds import Worlds
from shared_state.directory import MOST_PER_PAGE
from shared_state.directory_entry import (
    BadMetadata,
    Full,
    NameTaken,
    NoWorld,
    Reservation,
    Scalar,
    TooManyWorlds,
    WorldEntry,
    WorldFilter,
)
from shared_state.directory_names import world_kind
from shared_state.errors import BadName, StoreError
from shared_state.names import WorldName, world_name

T = TypeVar("T")
MOST_TOGETHER = 16
"""Players that one request reserves seats for."""


class MakeWorld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /api/worlds``; empty texts: the game's first kind, a fresh name."""

    kind: str = ""
    name: str = ""
    private: bool = False
    metadata: dict[str, Scalar] = {}


class JoinWorld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /api/join``: into the world of that name, else into one of the kind."""

    kind: str = ""
    world: str = ""
    seats: int = 1


class ListedWorld(msgspec.Struct, frozen=True):
    """A world as it is told."""

    name: str
    path: str
    kind: str
    seats: int
    free: int
    private: bool
    metadata: dict[str, Scalar]


class WorldList(msgspec.Struct, frozen=True):
    """Answer to ``GET /api/worlds``; an empty cursor: this was the last page."""

    worlds: list[ListedWorld]
    cursor: str


class Ticket(msgspec.Struct, frozen=True):
    """Answer to ``POST /api/join``: where to connect, and the token for ``join``'s field ``seat``."""

    world: str
    path: str
    seat: str
    seats: int
    expires_s: float
    created: bool


class _Refused(Exception):
    """Why a request is not done; becomes its answer."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.answer = answer(status, {"code": code, "text": text})


@attrs.frozen(eq=False)
class WorldApi:
    """The handlers, for ``Routes``."""

    worlds: Worlds

    async def list(self, request: Request) -> Response:
        """``GET /api/worlds``."""
        return await _answered(self._list, request)

    async def create(self, request: Request) -> Response:
        """``POST /api/worlds``."""
        return await _answered(self._create, request)

    async def join(self, request: Request) -> Response:
        """``POST /api/join``."""
        return await _answered(self._join, request)

    async def _list(self, request: Request) -> Response:
        query = {name: values[-1] for name, values in parse_qs(request.query, max_num_fields=20).items()}
        limit = query.get("limit", "50")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= MOST_PER_PAGE:
            raise _Refused(400, "bad_request", f"limit is not from 1 to {MOST_PER_PAGE}")
        kind = query.get("kind")
        wanted = WorldFilter(
            kind=world_kind(kind) if kind else None,
            with_free_seats=query.get("free") == "1",
            metadata={name[5:]: _scalar(text) for name, text in query.items() if name.startswith("meta.")},
        )
        page = await self.worlds.directory.list_worlds(wanted, query.get("cursor", ""), int(limit))
        return answer(200, WorldList([_listed(entry) for entry in page.entries], page.cursor))

    async def _create(self, request: Request) -> Response:
        body = _body(request, MakeWorld)
        kind = self.worlds.kind(body.kind)
        if kind is None:
            raise _Refused(404, "no_such_kind", f"this game has no kind of world {body.kind[:64]!r}")
        if not self.worlds.config.on_demand:
            raise _Refused(403, "not_allowed", "clients may not make worlds here")
        spec = self.worlds.spec(kind, body.metadata, private=body.private)
        made = await self.worlds.directory.create(spec, world_name(body.name) if body.name else None)
        if isinstance(made, NameTaken):
            raise _Refused(409, "name_taken", "there is a world of this name")
        if isinstance(made, TooManyWorlds):
            raise _Refused(503, "too_many_worlds", "no more worlds can be made")
        return answer(201, _listed(made))

    async def _join(self, request: Request) -> Response:
        body = _body(request, JoinWorld)
        if not 1 <= body.seats <= MOST_TOGETHER:
            raise _Refused(400, "bad_request", f"seats is not from 1 to {MOST_TOGETHER}")
        held = await (self._join_named(body) if body.world else self._join_kind(body))
        ticket = Ticket(held.world, _path(held.world), held.token, held.count, held.ttl_s, held.created)
        return answer(200, ticket)

    async def _join_named(self, body: JoinWorld) -> Reservation:
        held = await self.worlds.directory.reserve(world_name(body.world), self.worlds.config.reserve_s, body.seats)
        if isinstance(held, NoWorld):
            raise _Refused(404, "no_such_world", "there is no such world")
        if isinstance(held, Full):
            raise _Refused(409, "world_full", f"{held.free} seats of this world are free")
        return held

    async def _join_kind(self, body: JoinWorld) -> Reservation:
        kind = self.worlds.kind(body.kind)
        if kind is None:
            raise _Refused(404, "no_such_kind", f"this game has no kind of world {body.kind[:64]!r}")
        spec = self.worlds.spec(kind)
        if body.seats > spec.seats:
            raise _Refused(400, "bad_request", f"a world of this kind has {spec.seats} seats")
        held = await self.worlds.directory.join_or_create(spec, self.worlds.config.reserve_s, body.seats)
        if isinstance(held, TooManyWorlds):
            raise _Refused(503, "too_many_worlds", "all worlds are full, and no more can be made")
        return held


def answer(status: int, body: object) -> Response:
    """A response in JSON that nobody keeps."""
    headers = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(status, msgspec.json.encode(body), headers)


async def _answered(handle: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    try:
        return await handle(request)
    except _Refused as refused:
        return refused.answer
    except (BadName, BadMetadata, ValueError) as error:
        return answer(400, {"code": "bad_request", "text": str(error)})
    except StoreError:
        return answer(503, {"code": "busy", "text": "the store does not answer"})


def _body(request: Request, shape: type[T]) -> T:
    """The body as what it must be. A browser asks before it sends JSON to another site: forms are no JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _Refused(415, "bad_request", "the body must be application/json")
    try:
        return msgspec.json.decode(request.body or b"{}", type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _Refused(400, "bad_request", str(error)) from None


def _scalar(text: str) -> Scalar:
    """A value to filter by: JSON, or else the text itself."""
    try:
        value: Scalar = msgspec.json.decode(text, type=Scalar)
    except (msgspec.MsgspecError, ValueError):
        return text
    return value


def _listed(entry: WorldEntry) -> ListedWorld:
    metadata = dict(entry.metadata)
    return ListedWorld(entry.name, _path(entry.name), entry.kind, entry.seats, entry.free, entry.private, metadata)


def _path(world: WorldName) -> str:
    return f"/ws/{world}"
