"""What a session needs of the open world it is in; implemented by the node's world host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import attrs

from server.game import Game
from server.interest.lookout import Optics
from server.interest.viewer import Viewer
from server.session.client import Client
from server.wire.messages import Schema
from shared_state.job import SessionWriter
from shared_state.names import SessionId
from shared_state.outcome import Rejection
from shared_state.position import Position
from shared_state.store import Store
from shared_state.world import World


@attrs.frozen
class Unseated:
    """Why a session has no seat: how its connection is closed, and what it is told."""

    close_code: int
    code: str
    text: str


Answered: TypeAlias = Callable[[Unseated | None], None]


@attrs.define(eq=False)
class RoomCounts:
    """What went on in a room."""

    divergences: int = 0
    client_errors: int = 0


class Occupant(Viewer, Protocol):
    """A session, as the room that it is in sees it."""

    client: Client
    player: str
    """Who it is, by its credentials; empty: nobody in particular, or not known yet."""

    @property
    def is_joining(self) -> bool:
        """Whether it has asked to join, and the store has not answered yet."""

    @property
    def may_come_back(self) -> bool:
        """Whether the player, once the connection is over, is away rather than gone."""

    @property
    def writer(self) -> SessionWriter | None:
        """This node's right to write for it."""

    def has_lost_avatar(self) -> bool:
        """Whether the world no longer has what it controls."""

    def ask_to_move(self, after_s: float) -> None:
        """Tells the player that this node is going away, and to come back elsewhere in ``after_s`` seconds."""

    def expel(self, reason: Rejection) -> None:
        """Ends the player's stay for good, and says why."""

    def on_replaced(self, resumed: bool) -> None:
        """It is served by another connection (``resumed``), or has been removed."""

    def on_unseated(self, why: Unseated) -> None:
        """It has no seat in the world."""

    def on_kicked(self) -> None:
        """An operator puts it out of the world."""


class Seating(Protocol):
    """Who has a seat in the world."""

    def take(self, session: SessionId, ticket: str, answered: Answered) -> None:
        """Gets a new session a seat, a reserved one if it has a ticket; ``answered`` is told why not, or None."""

    def keep(self, session: SessionId, answered: Answered) -> None:
        """Gets a session that comes back the seat that it had; ``answered`` as above."""

    def leave(self, session: SessionId) -> None:
        """Gives a session's seat back."""


class Room(Protocol):
    """An open world on this node."""

    world: World
    store: Store
    game: Game
    wire_schema: Schema
    node_name: str
    owner: str
    optics: Optics
    counts: RoomCounts

    @property
    def seating(self) -> Seating:
        """Who has a seat."""

    @property
    def flush_hz(self) -> float:
        """Flushes a second under load."""

    def now_s(self) -> float:
        """Time that only moves on, in seconds."""

    def clock_ms(self) -> float:
        """Milliseconds since 1970."""

    def may_resume(self, position: Position) -> bool:
        """Whether a view of that position is one of this history."""

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Has something done after a while, if the room is still open then."""

    def recall(self, session: SessionId, found: Callable[[bytes | None], None]) -> None:
        """Fetches the stored row of a session; ``found`` gets it, b"" if there is none, None if it cannot be had."""

    def start(self, task: Callable[[], Awaitable[None]]) -> None:
        """Runs something that takes time, at the longest until the world is closed."""

    def welcome(self, session: Occupant, resumed: bool) -> None:
        """Shows the world to a session from now on; ``resumed``: one that may be wanted elsewhere at the same time."""

    def farewell(self, session: Occupant) -> None:
        """Ends what ``welcome`` began."""

    def wake(self) -> None:
        """Has the room flush soon."""

    def want_digests(self) -> None:
        """Has a flush carry content digests, soon."""
