"""A crowd of sockets that dawdle, in one task: thousands of them cost a test little."""

from __future__ import annotations

import selectors
import socket

import attrs
import trio

STEP = 10


@attrs.define(eq=False)
class Crowd:
    """Sockets to one port, and how long each was kept by the other side.

    Args:
        host: where from, an address of the loopback network.
    """

    port: int
    host: str = "127.0.0.1"
    opened_s: dict[socket.socket, float] = attrs.field(factory=dict)
    kept_s: list[float] = attrs.field(factory=list)
    _selector: selectors.DefaultSelector = attrs.field(factory=selectors.DefaultSelector)

    async def open(self, count: int, first_words: bytes, per_s: float = 600.0) -> None:
        """Connects, and says something on each socket."""
        started_s = trio.current_time()
        for number in range(count):
            if number % STEP == 0:
                self.look()
                await trio.sleep_until(started_s + number / per_s)
            sock = socket.create_connection(("127.0.0.1", self.port), 5, (self.host, 0))
            self.opened_s[sock] = trio.current_time()
            self._selector.register(sock, selectors.EVENT_READ)
            sock.setblocking(False)
            say(sock, first_words)

    async def dribble(self, text: bytes, every_s: float) -> None:
        """Sends a byte more on every socket that is open, again and again, until all are closed."""
        for at in range(len(text)):
            due_s = trio.current_time() + every_s
            for sock in list(self.opened_s):
                say(sock, text[at : at + 1])
            while trio.current_time() < due_s:
                if not self.opened_s:
                    return
                self.look()
                await trio.sleep(0.02)

    async def wait_closed(self) -> None:
        """Reads until the other side has closed every socket."""
        while self.opened_s:
            self.look()
            await trio.sleep(0.02)

    def look(self) -> None:
        """Notes which sockets were closed since the last look."""
        for key, _ in self._selector.select(0):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            if not heard(sock):
                self.kept_s.append(trio.current_time() - self.opened_s.pop(sock))
                self._selector.unregister(sock)
                sock.close()

    def leave(self) -> None:
        """Closes what is still open."""
        for sock in self.opened_s:
            sock.close()
        self.opened_s.clear()
        self._selector.close()


def say(sock: socket.socket, words: bytes) -> None:
    """Sends, to a peer that may be gone."""
    try:
        sock.send(words)
    except OSError:
        return


def heard(sock: socket.socket) -> bool:
    """Reads what is there; False at the end."""
    try:
        return bool(sock.recv(65_536))
    except BlockingIOError:
        return True
    except OSError:
        return False
