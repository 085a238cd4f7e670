"""What a session needs of the open world it is in; implemented by the node's world host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import attrs

from server.game import Game
from server.interest.sight import Sight
from server.wire.messages import Schema
from shared_state.entity import EntityId
from shared_state.names import SessionId
from shared_state.world import World

if TYPE_CHECKING:
    from server.session.session import Session


@attrs.define(eq=False)
class RoomCounts:
    """What went on in a room."""

    divergences: int = 0
    client_errors: int = 0


class Room(Protocol):
    """An open world on this node."""

    world: World
    game: Game
    wire_schema: Schema
    node_name: str
    owner: str
    counts: RoomCounts

    @property
    def flush_hz(self) -> float:
        """Flushes a second under load."""

    def now_s(self) -> float:
        """Time that only moves on, in seconds."""

    def clock_ms(self) -> float:
        """Milliseconds since 1970."""

    def sight(self, avatar: EntityId, radius: float) -> Sight:
        """The cells seen from an avatar; from the middle of the world, if it is not there."""

    def recall(self, session: SessionId, found: Callable[[bytes | None], None]) -> None:
        """Fetches the stored row of a session; ``found`` gets it, b"" if there is none, None if it cannot be had."""

    def welcome(self, session: Session) -> None:
        """Shows the world to a session from now on."""

    def farewell(self, session: Session) -> None:
        """Ends what ``welcome`` began."""

    def wake(self) -> None:
        """Has the room flush soon."""

    def want_digests(self) -> None:
        """Has a flush carry content digests, soon."""
