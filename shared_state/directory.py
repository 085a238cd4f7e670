"""The directory port: which worlds there are, who holds their seats, which nodes live; with the guarantees it gives.

Guarantees of every implementation (the contract suite checks them):

* Each call is one atomic step (a long ``renew`` several), in an order that respects real time.
* **Strict seats**: seats taken and reserved never exceed a world's limit, whoever dies where.
* **Nothing is lost**: a seat is either held by someone who renews it, or free again at the end of its time to live on
  the store's clock, or free at once when given back. There is no other state, so there are no ghost seats.
* **One holder**: a session, unique among all worlds, has one seat, and one node keeps it. Only that node can renew or
  release it, so a node that was replaced disturbs nobody; another node takes the session over by name.
* A world that is gone is gone for every later call. Its name is not given again until ``forget``, so that the one who
  deletes its keys does not meet a new world's.
* Times to live are in seconds on the store's clock, above 0 and finite. Raises: ValueError, for others.
* A cancelled call, or one that raised StoreUnavailable, may have taken effect. Seats it reserved come back by
  themselves; ``confirm``, ``renew``, ``release``, ``forget`` and ``beat`` may simply be called again.
* Errors: StoreUnavailable, StoreError (refused, no effect).

Must not know: what is in a world, who plays, what a node does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from shared_state.directory_entry import (
    Full,
    Kick,
    NameTaken,
    NodeEntry,
    NoWorld,
    Reservation,
    Scalar,
    Seat,
    TooManyWorlds,
    WorldEntry,
    WorldFilter,
    WorldPage,
    WorldSpec,
)
from shared_state.directory_names import NodeName, ReservationToken
from shared_state.names import SessionId, WorldName

MOST_PER_PAGE = 100
EXAMINED_PER_PAGE = 200
"""Worlds that one ``list_worlds`` looks at: with a rare filter a page may be short, even empty, and not be the last."""
SWEPT_AT_ONCE = 100
MOST_WORLDS = 10_000
"""Worlds that a directory holds, unless it is told otherwise."""
MOST_KICKS = 100
"""Requests that wait for one node; more are refused."""
GONE_RETRY_S = 60.0
"""A name that ``sweep`` gave to a caller who never came back with ``forget`` is given to another one after this."""


class Directory(Protocol):
    """The port."""

    async def create(self, spec: WorldSpec, name: WorldName | None = None) -> WorldEntry | NameTaken | TooManyWorlds:
        """Makes a world; without a name it gets a fresh, readable one, and the answer is never NameTaken."""

    async def get(self, name: WorldName) -> WorldEntry | None:
        """A world, private ones too: who knows the name may know the world."""

    async def list_worlds(self, wanted: WorldFilter, cursor: str = "", limit: int = 50) -> WorldPage:
        """Worlds in the order of ``kind:name``, page by page.

        A world that is there from the first page to the last is listed exactly once, whatever comes and goes meanwhile.

        Args:
            cursor: from the page before; empty: begin.
            limit: 1 to ``MOST_PER_PAGE`` entries.

        Raises:
            BadName: the cursor is not from a page.
            ValueError: the limit is out of range.
        """

    async def replace_metadata(self, name: WorldName, metadata: Mapping[str, Scalar]) -> bool:
        """Gives a world other metadata; False: there is no such world. Raises: BadMetadata."""

    async def remove(self, name: WorldName) -> bool:
        """Ends a world at once, with its seats; the next ``sweep`` names it. False: there is none."""

    async def reserve(self, world: WorldName, ttl_s: float, count: int = 1) -> Reservation | Full | NoWorld:
        """Holds seats for ``ttl_s``: all or none. Raises: ValueError, for a count below 1."""

    async def join_or_create(self, spec: WorldSpec, ttl_s: float, count: int = 1) -> Reservation | TooManyWorlds:
        """Reserves in the fullest public world of the kind that has the seats; where none has, makes one from the spec.

        Only ``kind`` decides where one may join: what must match belongs into it. Of calls at the same time that fit
        into one world, one makes it and all get into it.

        Raises: ValueError, when the spec is private or has fewer seats than ``count``.
        """

    async def confirm(self, token: ReservationToken, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """Turns a reserved seat into the session's; None: the reservation is unknown, used up or has run out.

        A seat that the session had before, in this world or another, is freed in the same step. The same token
        confirmed again by the same session takes no second seat, and gives the one it has to ``node``.
        """

    async def cancel(self, token: ReservationToken) -> bool:
        """Gives back what is left of a reservation; False: nothing is."""

    async def take_over(self, session: SessionId, node: NodeName, ttl_s: float) -> Seat | None:
        """Gives the keeping of a session's seat to this node; None: it has no seat."""

    async def renew(self, node: NodeName, sessions: Iterable[SessionId], ttl_s: float) -> set[SessionId]:
        """Prolongs the seats that this node keeps. Returns: sessions of which it keeps none: their seat is lost."""

    async def release(self, node: NodeName, session: SessionId) -> bool:
        """Frees the seat of a session; False: this node does not keep it, and nothing changes."""

    async def sweep(self) -> list[WorldName]:
        """Ends worlds that were empty for too long. Returns: names whose keys the caller is to delete, then ``forget``.

        Each name is given to one caller, and to another one after ``GONE_RETRY_S``; at most ``SWEPT_AT_ONCE`` a call.
        """

    async def forget(self, names: Iterable[WorldName]) -> None:
        """Frees names whose keys are deleted."""

    async def beat(
        self, node: NodeName, address: str, ttl_s: float, load: Mapping[str, float], *, draining: bool = False
    ) -> bool:
        """Says that a node lives, for ``ttl_s``. Returns: it was asked to drain.

        Raises:
            BadMetadata: a load figure is not a finite number.
            ValueError: the address is too long.
        """

    async def leave(self, node: NodeName) -> bool:
        """Takes a node off the list before its time, with the request that it drain; False: it was not on it."""

    async def nodes(self) -> list[NodeEntry]:
        """The nodes that live, by name."""

    async def ask_to_drain(self, node: NodeName) -> bool:
        """Asks a live node to drain: it hears at its next beat. False: there is none of that name."""

    async def ask_to_kick(self, node: NodeName, kick: Kick) -> bool:
        """Asks a live node to put a session out. False: there is none of that name, or too many requests wait."""

    async def kicks(self, node: NodeName) -> list[Kick]:
        """What ``ask_to_kick`` asked of a node since the last call, the oldest first; each is told once."""
