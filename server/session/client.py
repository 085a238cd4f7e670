"""The player's connection, as a session sees it; implemented by ``server.net.connection``."""

from __future__ import annotations

from typing import Protocol


class Client(Protocol):
    """The player's connection."""

    @property
    def peer(self) -> str:
        """The address that it comes from."""

    @property
    def blocked(self) -> bool:
        """Whether something written is still waiting for the socket."""

    @property
    def stalled_since(self) -> float | None:
        """When the socket last took some of what waits for it, by ``Room.now_s``; None when nothing waits."""

    def send(self, frames: bytes) -> bool:
        """Writes whole frames without blocking."""

    def frame(self, payload: bytes) -> bytes:
        """A payload as a WebSocket frame."""

    def close(self, code: int, reason: str) -> None:
        """Starts to close; safe to call again."""
