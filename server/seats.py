"""The seats of one world that this node keeps for its players: taken before they enter, renewed while they are here.

How it works: a seat is reserved and confirmed in the directory, so all nodes together never give more than there are.
It lives twice as long as an absence may last, and is renewed three times in its life for those who are connected: a
player who comes back in time still has it. It is given back when the player leaves or is removed; if that is lost, or
this node is, it runs out.
Must not know: connections, who plays. Invariant: a session that was seated has the seat in the store, or is told
within a third of the seat's life that it has not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import attrs
import structlog
import trio

from server.session.room import Answered, Occupant, Unseated
from server.wire import close_codes
from shared_state.directory import Directory
from shared_state.directory_entry import Full, NoWorld
from shared_state.directory_names import NodeName, reservation_token
from shared_state.errors import BadName, StoreError
from shared_state.names import SessionId, WorldName

log = structlog.get_logger()

RESERVE_S = 10.0
"""Between reserving and confirming, when both are done here."""
RENEWALS = 3
"""In the life of a seat."""
AWAY = Unseated(close_codes.STORE_AWAY, "busy", "the store does not answer")
ENDED = Unseated(close_codes.WORLD_LOST, "world_ended", "the world ended a moment ago")


@attrs.frozen(eq=False)
class Seats:
    """The seats of a world, kept by a node. ``ttl_s``: how long one lasts that is not renewed."""

    directory: Directory
    world: WorldName
    keeper: NodeName
    ttl_s: float

    async def take(self, session: SessionId, ticket: str) -> Unseated | None:
        """A seat for a session: the one reserved under the ticket, else a free one. Raises: StoreError."""
        if await self._confirm(ticket, session):
            return None
        reserved = await self.directory.reserve(self.world, RESERVE_S)
        if isinstance(reserved, Full):
            return Unseated(close_codes.WORLD_FULL, "world_full", "all seats of this world are taken")
        if isinstance(reserved, NoWorld) or not await self._confirm(reserved.token, session):
            return ENDED
        return None

    async def keep(self, session: SessionId) -> Unseated | None:
        """Takes over a session's seat, whoever kept it; if it has none any more, a free one. Raises: StoreError."""
        seat = await self.directory.take_over(session, self.keeper, self.ttl_s)
        return None if seat is not None and seat.world == self.world else await self.take(session, "")

    async def renew(self, sessions: Iterable[SessionId]) -> set[SessionId]:
        """Prolongs seats. Returns: the sessions that have lost theirs. Raises: StoreError."""
        return await self.directory.renew(self.keeper, sessions, self.ttl_s)

    async def give_back(self, session: SessionId) -> None:
        """Frees the seat of a session, if this node keeps it. Raises: StoreError."""
        await self.directory.release(self.keeper, session)

    async def clear(self, session: SessionId) -> None:
        """Frees the seat of a session that is no more, whoever kept it. Raises: StoreError."""
        if await self.directory.take_over(session, self.keeper, self.ttl_s) is not None:
            await self.give_back(session)

    async def _confirm(self, ticket: str, session: SessionId) -> bool:
        """Turns a reservation into the session's seat; one of another world stays unused."""
        try:
            token = reservation_token(ticket)
        except BadName:
            return False
        seat = await self.directory.confirm(token, session, self.keeper, self.ttl_s)
        if seat is not None and seat.world != self.world:
            await self.give_back(session)
            return False
        return seat is not None


@attrs.frozen(eq=False)
class FreeSeating:
    """Everybody has a seat: worlds whose players nobody counts."""

    def take(self, session: SessionId, ticket: str, answered: Answered) -> None:
        """See ``Seating.take``."""
        answered(None)

    def keep(self, session: SessionId, answered: Answered) -> None:
        """See ``Seating.keep``."""
        answered(None)

    def leave(self, session: SessionId) -> None:
        """See ``Seating.leave``."""

    def clear(self, session: SessionId) -> None:
        """There is nothing to give back."""


@attrs.frozen(eq=False)
class CountedSeating:
    """The seats of an open world, for its sessions. ``nursery``: for what is asked of the directory."""

    seats: Seats
    nursery: trio.Nursery

    def take(self, session: SessionId, ticket: str, answered: Answered) -> None:
        """See ``Seating.take``."""
        self.nursery.start_soon(self._answer, partial(self.seats.take, session, ticket), answered)

    def keep(self, session: SessionId, answered: Answered) -> None:
        """See ``Seating.keep``."""
        self.nursery.start_soon(self._answer, partial(self.seats.keep, session), answered)

    def leave(self, session: SessionId) -> None:
        """See ``Seating.leave``."""
        self.nursery.start_soon(self._tell, partial(self.seats.give_back, session))

    def clear(self, session: SessionId) -> None:
        """Gives back the seat of a session that was removed, whoever served it."""
        self.nursery.start_soon(self._tell, partial(self.seats.clear, session))

    async def renew_forever(self, seated: Callable[[], Iterable[Occupant]]) -> None:
        """Keeps the seats of those who are here; who has lost one gets another, or is told that there is none."""
        while True:
            await trio.sleep(self.seats.ttl_s / RENEWALS)
            here = {occupant.session_id: occupant for occupant in seated()}
            if here:
                await self._tell(partial(self._renew, here))

    async def _renew(self, here: dict[SessionId, Occupant]) -> None:
        for session in await self.seats.renew(here):
            why_not = await self.seats.keep(session)
            log.warning("seat lost", world=self.seats.world, session=session, regained=why_not is None)
            if why_not is not None:
                here[session].on_unseated(why_not)

    async def _answer(self, ask: Callable[[], Awaitable[Unseated | None]], answered: Answered) -> None:
        try:
            why_not = await ask()
        except StoreError as error:
            log.warning("no seat to be had", world=self.seats.world, error=str(error))
            why_not = AWAY
        answered(why_not)

    async def _tell(self, tell: Callable[[], Awaitable[None]]) -> None:
        try:
            await tell()
        except StoreError as error:
            log.warning("directory not told of seats", world=self.seats.world, error=str(error))
