"""A client as the fan-out sees it; implemented by the session."""

from __future__ import annotations

from typing import Protocol

from server.interest.sight import Sight
from server.interest.view import View
from server.wire.codec import Codec
from shared_state.cell import CellId
from shared_state.names import SessionId


class Viewer(Protocol):
    """A client."""

    codec: Codec
    view: View

    @property
    def session_id(self) -> SessionId:
        """Whose events it gets besides those that all get."""

    @property
    def centre(self) -> CellId:
        """The cell that its sight spreads from."""

    @property
    def here(self) -> CellId:
        """The cell that it always sees: its avatar's."""

    def sight(self) -> Sight:
        """The cells that it should see now."""

    def frame(self, payload: bytes) -> bytes:
        """A payload as a WebSocket frame of its encoding."""

    def can_take(self) -> bool:
        """Whether its socket took all that was written so far."""

    def write(self, frames: bytes) -> None:
        """Writes whole frames without blocking."""
