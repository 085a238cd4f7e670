"""A TCP proxy that can go deaf: it keeps its connections and passes nothing on, as a network that drops packets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import attrs

CHUNK_BYTES = 65536
TURN_S = 0.05


@attrs.define(eq=False)
class StallingProxy:
    """Passes bytes on to a port of this machine, unless it is ``deaf``."""

    target: int
    listener: socket.socket
    deaf: threading.Event = attrs.field(factory=threading.Event)
    ended: threading.Event = attrs.field(factory=threading.Event)
    accepted: int = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Accepts until it is ended; connections made while it is deaf wait like all others."""
        while not self.ended.is_set():
            with suppress(TimeoutError):
                client, _ = self.listener.accept()
                self.accepted += 1
                server = socket.create_connection(("127.0.0.1", self.target))
                for source, sink in ((client, server), (server, client)):
                    source.settimeout(TURN_S)
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        while not self.ended.is_set():
            if self.deaf.wait(TURN_S if self.deaf.is_set() else 0):
                continue
            try:
                data = source.recv(CHUNK_BYTES)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            with suppress(OSError):
                sink.sendall(data)
        for end in (source, sink):
            end.close()


@contextmanager
def stalling_proxy(target: int) -> Iterator[StallingProxy]:
    """Serves while the context is open."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TURN_S)
        proxy = StallingProxy(target, listener)
        thread = threading.Thread(target=proxy.serve)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            thread.join()
