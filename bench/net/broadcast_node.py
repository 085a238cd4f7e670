"""The measured side of ``bench.net.broadcast``: waits for its clients, then sends a frame to each, round by round.

Arguments: clients, rounds, pause in seconds, frame in hex. Prints its port, then the CPU seconds of the sending loops.
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


@attrs.define(eq=False)
class Broadcaster:
    """Gathers connections; ``complete`` is set when all have come."""

    expected: int
    connections: list[Connection] = attrs.field(factory=list)
    complete: trio.Event = attrs.field(factory=trio.Event)

    def admit(self, request: Request) -> Accept | Response:
        return Accept(None)

    async def handle(self, connection: Connection) -> None:
        self.connections.append(connection)
        if len(self.connections) == self.expected:
            self.complete.set()
        await connection.run(self)

    def on_message(self, payload: bytes) -> None:
        pass

    def on_drained(self) -> None:
        pass

    def send_all(self, frame: bytes) -> float:
        """Sends to everybody; CPU seconds."""
        start_s = time.process_time()
        for connection in self.connections:
            connection.send(frame)
        return time.process_time() - start_s


async def main(clients: int, rounds: int, pause_s: float, frame: bytes) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    app, cpu_s = Broadcaster(clients), 0.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listeners, Routes(), app, Limits())
        await app.complete.wait()
        await trio.sleep(0.2)
        for _ in range(rounds):
            cpu_s += app.send_all(frame)
            await trio.sleep(pause_s)
        print(cpu_s, flush=True)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), bytes.fromhex(sys.argv[4]))
