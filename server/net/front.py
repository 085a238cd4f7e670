"""What becomes of one accepted client: HTTP answers, or admission and a WebSocket.

Knows routes and the application's two decisions (``admit``, ``handle``), not what is said on the connection.
Invariant: a client's socket is closed when the call that got it returns, or belongs to the connection it gave.
"""

from __future__ import annotations

from typing import Protocol

import attrs
import trio

from server.net.address_quota import Guest
from server.net.admission import Accept
from server.net.client_address import TrustedProxies
from server.net.connection import Connection
from server.net.exchange import Exchange
from server.net.http import Request, Response, Routes, explain
from server.net.hub import Hub
from server.net.limits import Limits
from server.net.upgrade import fault_of, wants_upgrade

_METHODS = ("GET", "HEAD", "POST")
_FULL = explain(503, "this node is full", {"retry-after": "1"})
_TOO_MANY = explain(429, "too many from this address", {"retry-after": "1"})


class WebSocketApp(Protocol):
    """The application behind the WebSocket."""

    def admit(self, request: Request) -> Accept | Response:
        """The decision on a sound handshake."""

    async def handle(self, connection: Connection) -> None:
        """Calls ``connection.run`` once, and returns after it did."""


@attrs.define(eq=False)
class Front:
    """Serves clients, one call each.

    Args:
        hub: gets the sockets of those who turn to WebSocket.
    """

    _hub: Hub
    _routes: Routes
    _websocket: WebSocketApp
    _limits: Limits
    _proxies: TrustedProxies = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._proxies = TrustedProxies(self._limits.trusted_proxies)

    async def serve_http(self, stream: trio.SocketStream, guest: Guest) -> Connection | None:
        """Answers requests; gives the connection if one was an accepted handshake, else closes the socket."""
        exchange = Exchange(stream, guest.peer, self._limits)
        try:
            return await self._answer_requests(exchange, guest)
        finally:
            if not exchange.is_handed_over:
                await exchange.aclose()

    async def serve_websocket(self, connection: Connection) -> None:
        """Leaves the connection to the application, then closes the socket."""
        try:
            await self._websocket.handle(connection)
        finally:
            connection.abort()

    async def turn_away(self, stream: trio.SocketStream, guest: Guest) -> None:
        """Tells a client that there is no room, or none for its address."""
        exchange = Exchange(stream, guest.peer, self._limits)
        try:
            await exchange.respond(_FULL if guest.is_welcome else _TOO_MANY)
        finally:
            await exchange.aclose()

    async def _answer_requests(self, exchange: Exchange, guest: Guest) -> Connection | None:
        goes_on = True
        while goes_on:
            request = await exchange.next_request()
            if request is None:
                break
            if isinstance(request, Response):
                await exchange.respond(request)
                break
            request = attrs.evolve(request, peer=self._proxies.client_of(request.peer, request.headers))
            answer = await self._answer(request, guest)
            if isinstance(answer, Accept):
                return self._connect(exchange, request, answer)
            goes_on = await exchange.respond(answer)
        return None

    async def _answer(self, request: Request, guest: Guest) -> Response | Accept:
        cost = self._limits.post_cost if request.method == "POST" else 1.0
        if not guest.may_ask(request.peer, trio.current_time(), cost):
            return _TOO_MANY
        if wants_upgrade(request):
            return self._judge(request, guest)
        if request.method not in _METHODS:
            return explain(405, headers={"allow": ", ".join(_METHODS)})
        return await self._routes.find(request.method, request.path)(request)

    def _judge(self, request: Request, guest: Guest) -> Response | Accept:
        answer = fault_of(request) or self._websocket.admit(request)
        if isinstance(answer, Accept) and not guest.may_stay(request.peer):
            return _TOO_MANY
        return answer

    def _connect(self, exchange: Exchange, request: Request, accept: Accept) -> Connection:
        sock, early = exchange.hand_over()
        return Connection(self._hub, sock, request, accept, early, self._limits)
