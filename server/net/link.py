"""One client's socket: reads when it is wanted, writes without blocking, keeps in order what the socket does not take.

All bytes for the client, whoever makes them, pass through one backlog: bytes once accepted are sent whole and in
order, or the socket is closed. So nothing can stand inside a frame, and no cancelled task can leave half a frame.
Knows bytes, not frames. Invariant: the socket is watched for writing exactly while the backlog is not empty.
"""

from __future__ import annotations

import socket
from typing import Protocol

import attrs
import trio

from server.net.hub import READ, WRITE, Hub

_RECEIVE_BYTES = 65_536


class LinkOwner(Protocol):
    """Who the link reports to; its methods neither block nor raise."""

    def on_bytes(self, data: bytes) -> None:
        """Bytes were received."""

    def on_end(self, broken: bool) -> None:
        """Nothing more can be received: the peer said so, or (``broken``) the connection is lost. Called once."""

    def on_drained(self) -> None:
        """The backlog is empty again."""

    def on_resumed(self) -> None:
        """See ``Hub.resume``."""

    def on_tick(self, now_s: float) -> None:
        """See ``Hub``."""


@attrs.define(eq=False)
class Link:
    """A non-blocking socket in the care of a hub; it is the link's to close.

    Args:
        socket: connected and non-blocking.
    """

    socket: socket.socket
    _hub: Hub
    _owner: LinkOwner
    watched: int = attrs.field(init=False, default=0)
    heard: bool = attrs.field(init=False, default=True)
    stalled_since: float | None = attrs.field(init=False, default=None)
    """Since when the socket has taken nothing of the backlog; None when there is none."""
    _backlog: bytearray = attrs.field(init=False, factory=bytearray)
    _reading: bool = attrs.field(init=False, default=False)
    _ended: bool = attrs.field(init=False, default=False)
    _closed: bool = attrs.field(init=False, default=False)
    _changed: trio.Event | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._hub.add(self)

    @property
    def backlog_bytes(self) -> int:
        """Bytes accepted but not yet taken by the socket."""
        return len(self._backlog)

    @property
    def is_closed(self) -> bool:
        """The socket is closed; what is sent now goes nowhere."""
        return self._closed

    def send(self, data: bytes) -> bool:
        """Sends now what the socket takes and keeps the rest; True if it took everything."""
        if self._backlog:
            self._backlog += data
            return False
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return False
        if sent == len(data):
            return True
        self._backlog += memoryview(data)[sent:]
        self.stalled_since = trio.current_time()
        self._watch()
        return False

    async def drain(self) -> None:
        """Waits until the backlog is empty, or the socket closed."""
        while self._backlog:
            await self._change()

    async def linger(self) -> None:
        """Ends the stream our side and waits for the peer's end.

        Closing at once would reset the connection if unread bytes are left: the peer might never see the last frame.
        """
        if not self._closed:
            self._shut_down()
        self.read(True)
        while not self._ended:
            await self._change()

    def read(self, wanted: bool) -> None:
        """Starts or stops reading; stopped, the peer feels TCP's back-pressure."""
        self._reading = wanted
        self._watch()

    def resume(self) -> None:
        """Has the owner's ``on_resumed`` called soon."""
        self._hub.resume(self)

    def close(self) -> None:
        """Closes the socket at once; the backlog is lost. Idempotent."""
        if self._closed:
            return
        self._closed = self._ended = True
        self._hub.remove(self)
        self.socket.close()
        self._backlog.clear()
        self._notify()

    def abort(self) -> None:
        """Closes the socket at once, and tells the owner as if the connection had been lost."""
        already_ended = self._ended
        self.close()
        if not already_ended:
            self._owner.on_end(broken=True)

    def on_readable(self) -> None:
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        if data:
            self.heard = True
            self._owner.on_bytes(data)
        else:
            self._end(broken=False)

    def on_writable(self) -> None:
        try:
            sent = self.socket.send(self._backlog)
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        del self._backlog[:sent]
        self.stalled_since = trio.current_time()
        if not self._backlog:
            self.stalled_since = None
            self._watch()
            self._notify()
            self._owner.on_drained()

    def on_resumed(self) -> None:
        self._owner.on_resumed()

    def on_tick(self, now_s: float) -> None:
        self._owner.on_tick(now_s)

    def _watch(self) -> None:
        if not self._closed:
            reading = READ if self._reading and not self._ended else 0
            self._hub.watch(self, reading | (WRITE if self._backlog else 0))

    def _shut_down(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.abort()

    def _end(self, broken: bool) -> None:
        if not self._ended:
            self._ended = True
            self._watch()
            self._notify()
            self._owner.on_end(broken)

    async def _change(self) -> None:
        if self._changed is None:
            self._changed = trio.Event()
        await self._changed.wait()

    def _notify(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
