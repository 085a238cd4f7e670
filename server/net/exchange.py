"""HTTP/1.1 with one client: h11 over an accepted socket, until it leaves or turns to WebSocket.

Owns the client's socket until ``hand_over`` or ``aclose``. Knows no route.
Invariant: a request is bounded in size and time, a response in time; only a POST has a body.
"""

from __future__ import annotations

import contextlib
import socket
from http import HTTPStatus
from urllib.parse import unquote

import attrs
import h11
import trio

from server.net.http import Request, Response, explain
from server.net.limits import Limits

_RECEIVE_BYTES = 4096
_LINGER_S = 1.0


def _new_parser(exchange: Exchange) -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=exchange.limits.head_bytes)


@attrs.define(eq=False)
class Exchange:
    """The HTTP conversation with one client.

    Args:
        stream: the accepted socket. peer: its address.
    """

    stream: trio.SocketStream
    peer: str
    limits: Limits
    _parser: h11.Connection = attrs.field(init=False, default=attrs.Factory(_new_parser, takes_self=True))
    _requests: int = attrs.field(init=False, default=0)
    # Of the request at hand, a refused one too: the parser takes no body in an answer to it.
    _wants_head_only: bool = attrs.field(init=False, default=False)
    is_handed_over: bool = attrs.field(init=False, default=False)

    async def next_request(self) -> Request | Response | None:
        """The next request; a Response if the client must be refused with it; None if it left or kept silent."""
        timeout_s = self.limits.idle_timeout_s if self._requests else self.limits.head_timeout_s
        with trio.move_on_after(timeout_s):
            return await self._read_request()
        return None

    async def respond(self, response: Response) -> bool:
        """Sends a response. True if another request may follow."""
        self._requests += 1
        goes_on = self._parser.their_state is h11.DONE and self._requests < self.limits.max_requests
        with trio.move_on_after(self.limits.response_timeout_s):
            was_sent = await self._send(self._encode(response, goes_on))
            if was_sent and goes_on:
                self._parser.start_next_cycle()
                return True
        return False

    def hand_over(self) -> tuple[socket.socket, bytes]:
        """The plain socket, and what was received behind the last request's head."""
        self.is_handed_over = True
        early, _ = self._parser.trailing_data
        plain = socket.socket(fileno=self.stream.socket.detach())
        plain.setblocking(False)
        return plain, early

    async def aclose(self) -> None:
        """Ends the conversation so that a last response arrives even when unread bytes are left."""
        try:
            await self._linger()
        finally:
            self.stream.socket.close()

    async def _linger(self) -> None:
        with trio.move_on_after(_LINGER_S), contextlib.suppress(trio.BrokenResourceError):
            await self.stream.send_eof()
            while await self._receive():
                pass

    async def _read_request(self) -> Request | Response | None:
        request: Request | None = None
        self._wants_head_only = False
        body = bytearray()
        while True:
            event = self._next_event()
            if isinstance(event, h11.Request):
                self._wants_head_only = event.method == b"HEAD"
                request = self._parse(event)
            elif isinstance(event, h11.Data):
                body += event.data
                if self._refuses_body(request, len(body)):
                    return explain(413, f"only a POST has a body, of {self.limits.body_bytes} bytes at most")
            elif isinstance(event, h11.EndOfMessage):
                return attrs.evolve(request, body=bytes(body)) if request else explain(400, "the target must be a path")
            elif event is h11.NEED_DATA:
                self._parser.receive_data(await self._receive())
            elif isinstance(event, Response):
                return event
            else:
                return None

    def _refuses_body(self, request: Request | None, size: int) -> bool:
        return request is None or request.method != "POST" or size > self.limits.body_bytes

    def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED] | Response:
        try:
            return self._parser.next_event()
        except h11.RemoteProtocolError as error:
            return explain(error.error_status_hint, str(error))

    def _parse(self, event: h11.Request) -> Request | None:
        path, _, query = event.target.decode("ascii").partition("?")
        if not path.startswith("/"):
            return None
        headers: dict[str, str] = {}
        for raw_name, raw_value in event.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        return Request(event.method.decode("ascii"), unquote(path), query, headers, self.peer)

    def _encode(self, response: Response, goes_on: bool) -> bytes:
        headers = dict(response.headers)
        if response.status != HTTPStatus.NOT_MODIFIED:
            headers["content-length"] = str(len(response.body))
        if not goes_on:
            headers["connection"] = "close"
        events: list[h11.Event] = [h11.Response(status_code=response.status, headers=list(headers.items()))]
        if response.body and not self._wants_head_only:
            events.append(h11.Data(data=response.body))
        return b"".join(self._parser.send(event) or b"" for event in [*events, h11.EndOfMessage()])

    async def _send(self, data: bytes) -> bool:
        try:
            await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True

    async def _receive(self) -> bytes:
        try:
            return await self.stream.receive_some(_RECEIVE_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return b""
