"""The measured side of ``bench.net.receive``: the real network front, decoding each message, and no rule.

Arguments: subprotocol, receive pause in seconds, messages to skip, messages to measure. Prints its port, then the CPU
seconds of the measured messages.
"""

from __future__ import annotations

import sys
import time

import attrs
import trio

from server.net.admission import Accept
from server.net.connection import Connection
from server.net.http import Request, Response, Routes
from server.net.limits import Limits
from server.net.listener import serve
from server.wire.codec import CODECS, Codec
from server.wire.messages import Do


@attrs.define(eq=False)
class Meter:
    """Receives for all connections, and notes the CPU time of the measured messages."""

    codec: Codec
    skip: int
    measure: int
    count: int = 0
    total: int = 0
    start_s: float = 0.0

    def admit(self, request: Request) -> Accept | Response:
        return Accept(None, self.codec.is_text)

    async def handle(self, connection: Connection) -> None:
        await connection.run(self)

    def on_message(self, payload: bytes) -> None:
        message = self.codec.decode_to_server(payload)
        assert isinstance(message, Do)
        self.total += message.seq
        self.count += 1
        if self.count == self.skip:
            self.start_s = time.process_time()
        elif self.count == self.skip + self.measure:
            print(time.process_time() - self.start_s, flush=True)

    def on_drained(self) -> None:
        pass


async def main(subprotocol: str, pause_s: float, skip: int, measure: int) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    meter = Meter(CODECS[subprotocol], skip, measure)
    await serve(listeners, Routes(), meter, Limits(receive_pause_s=pause_s))


if __name__ == "__main__":
    trio.run(main, sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
