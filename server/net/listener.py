"""Accepts clients for as long as the node runs, whatever they do and however scarce descriptors get.

Owns the bounds on clients at once; knows no protocol. Invariant: a failed accept never ends the loop, and those who
dawdle before their WebSocket is open never keep others out: the oldest of them makes room.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeAlias

import attrs
import trio

from server.net.address_quota import AddressQuota, Guest
from server.net.connection import Connection
from server.net.front import Front, WebSocketApp
from server.net.http import Routes
from server.net.hub import Hub
from server.net.limits import Limits

Boundary: TypeAlias = Callable[[str], AbstractContextManager[object]]

_BACK_OFF_S = 0.1
# Without descriptors, so many of the oldest unfinished handshakes make room at once.
_EVICTED_AT_ONCE = 64


def _no_boundary(peer: str) -> AbstractContextManager[object]:
    return contextlib.nullcontext()


async def serve(
    listeners: Sequence[trio.SocketListener],
    routes: Routes,
    websocket: WebSocketApp,
    limits: Limits,
    *,
    boundary: Boundary = _no_boundary,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serves HTTP and WebSocket on listening sockets until cancelled.

    Args:
        boundary: given a peer's address, the context its task runs in; it may swallow and log errors.
            Without one, an error of a handler ends the node.
    """
    hub = Hub(limits.receive_pause_s)
    with contextlib.closing(hub):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            door = _Door(Front(hub, routes, websocket, limits), limits, boundary, nursery)
            for listener in listeners:
                nursery.start_soon(door.stand_at, listener)
            task_status.started()


@attrs.define(eq=False)
class _Door:
    _front: Front
    _limits: Limits
    _boundary: Boundary
    _nursery: trio.Nursery
    _quota: AddressQuota = attrs.field(init=False)
    _clients: int = attrs.field(init=False, default=0)
    # Told to make room, and not gone yet.
    _evicted: int = attrs.field(init=False, default=0)
    # In order of arrival.
    _handshakes: dict[trio.CancelScope, None] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._quota = AddressQuota(self._limits)

    async def stand_at(self, listener: trio.SocketListener) -> None:
        while True:
            stream = await self._accept(listener)
            if stream is None:
                self._evict(_EVICTED_AT_ONCE)
                await trio.sleep(_BACK_OFF_S)
            else:
                self._clients += 1
                self._nursery.start_soon(self._serve, stream)

    async def _accept(self, listener: trio.SocketListener) -> trio.SocketStream | None:
        """The next client; None if there are no descriptors left, or the network failed."""
        try:
            return await listener.accept()
        except OSError:
            return None

    async def _serve(self, stream: trio.SocketStream) -> None:
        peer = _peer_of(stream)
        try:
            with self._boundary(peer), self._quota.guest(peer) as guest:
                await self._serve_both(stream, guest)
        finally:
            self._clients -= 1

    async def _serve_both(self, stream: trio.SocketStream, guest: Guest) -> None:
        connection = await self._serve_http(stream, guest)
        if connection is not None:
            await self._front.serve_websocket(connection)

    async def _serve_http(self, stream: trio.SocketStream, guest: Guest) -> Connection | None:
        # Who dawdles makes room: only a node that is full of players turns a newcomer away.
        self._evict(len(self._handshakes) + 1 - self._limits.max_handshakes)
        self._evict(self._staying - self._limits.max_connections)
        with trio.CancelScope() as scope:
            self._handshakes[scope] = None
            try:
                return await self._answer(stream, guest)
            finally:
                if scope.cancel_called:
                    self._evicted -= 1
                self._handshakes.pop(scope, None)
        return None

    async def _answer(self, stream: trio.SocketStream, guest: Guest) -> Connection | None:
        if guest.is_welcome and self._staying <= self._limits.max_connections:
            return await self._front.serve_http(stream, guest)
        await self._front.turn_away(stream, guest)
        return None

    @property
    def _staying(self) -> int:
        return self._clients - self._evicted

    def _evict(self, count: int) -> None:
        for scope in list(self._handshakes)[: max(count, 0)]:
            del self._handshakes[scope]
            self._evicted += 1
            scope.cancel()


def _peer_of(stream: trio.SocketStream) -> str:
    try:
        address = stream.socket.getpeername()
    except OSError:
        return ""
    return str(address[0])
