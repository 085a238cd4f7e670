"""An echo server on the real connection class, for the Autobahn fuzzing client and the tests.

``python -m tests.conformance.echo 9001`` listens on 127.0.0.1:9001 until interrupted (0: any port, printed).
"""

from __future__ import annotations

import sys

import attrs
import trio

from server.net.admission import Accept
from server.net.closing import CloseReason
from server.net.connection import Connection
from server.net.frames import BINARY, TEXT, encode_frame
from server.net.http import Request, Response, Routes
from server.net.limits import Limits
from server.net.listener import serve

MAX_MESSAGE_BYTES = 1 << 25


@attrs.define(eq=False)
class Echo:
    """Sends every message back in its own kind of frame; reads no further while the client does not read."""

    connection: Connection

    def on_message(self, payload: bytes) -> None:
        self.connection.send(encode_frame(TEXT if self.connection.received_text else BINARY, payload))
        if self.connection.blocked:
            self.connection.pause()

    def on_drained(self) -> None:
        self.connection.resume()


class EchoApp:
    """Admits everybody; ``ended`` has the reasons why connections ended."""

    def __init__(self) -> None:
        self.ended: list[CloseReason] = []

    def admit(self, request: Request) -> Accept | Response:
        return Accept(None)

    async def handle(self, connection: Connection) -> None:
        self.ended.append(await connection.run(Echo(connection)))


async def main(port: int) -> None:
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
    sys.stdout.write(f"listening on {listeners[0].socket.getsockname()[1]}\n")
    sys.stdout.flush()
    limits = Limits(max_message_bytes=MAX_MESSAGE_BYTES, max_backlog_bytes=2 * MAX_MESSAGE_BYTES)
    await serve(listeners, Routes(), EchoApp(), limits)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]))
