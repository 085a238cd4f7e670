"""What operators ask of a running fleet, through its store alone: who lives, what is played, who is to go or stay away.

Must not know: nodes' ports, how answers are shown. Invariant: whatever is named and does not exist is a UsageError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
import trio

from server.errors import UsageError
from server.game import Game
from shared_state.bans import MOST_BANS, Ban, Bans, Subject, player_subject
from shared_state.directory import MOST_PER_PAGE, Directory
from shared_state.directory_entry import Kick, NodeEntry, WorldEntry, WorldFilter
from shared_state.directory_names import NodeName, WorldKind
from shared_state.errors import WorldGone
from shared_state.names import SessionId, WorldName
from shared_state.replica import Replica
from shared_state.session_row import SessionTail, unpack_row
from shared_state.store import Store

HEARD_S = 5.0
"""How long a node may take to do what it was asked for; it hears of it within half a second."""
POLL_S = 0.05
LONGEST_BAN_S = 100 * 365 * 86_400.0


class Player(msgspec.Struct, frozen=True):
    """A session of a world. ``player``: whose it is, by its token; empty: nobody in particular."""

    session: str
    name: str
    player: str
    node: str
    entity: int
    is_away: bool


class Report(msgspec.Struct, frozen=True):
    """What is in a world."""

    world: str
    epoch: str
    version: int
    entities: dict[str, int]
    players: list[Player]


@attrs.frozen(eq=False)
class Operators:
    """The operators' view of one store."""

    store: Store
    directory: Directory
    bans: Bans

    async def nodes(self) -> list[NodeEntry]:
        """The nodes that live."""
        return await self.directory.nodes()

    async def worlds(self, kind: WorldKind | None, include_private: bool) -> list[WorldEntry]:
        """All worlds, by kind and name."""
        wanted, cursor, found = WorldFilter(kind, include_private=include_private), "", list[WorldEntry]()
        while True:
            page = await self.directory.list_worlds(wanted, cursor, MOST_PER_PAGE)
            found += page.entries
            cursor = page.cursor
            if not cursor:
                return found

    async def inspect(self, world: WorldName, game: Game) -> Report:
        """What is in a world. Raises: UsageError, UndecodableDelta."""
        replica = await self._replica(world, game)
        kinds = Counter(type(entity.value).__name__ for entity in replica.entities.values())
        return Report(world, replica.epoch, replica.version, dict(sorted(kinds.items())), await self.players(world))

    async def entity(self, world: WorldName, game: Game, entity: int) -> Mapping[str, Any]:
        """The fields of an entity, its kind first. Raises: UsageError, UndecodableDelta."""
        replica = await self._replica(world, game)
        found = next((kept for number, kept in replica.entities.items() if number == entity), None)
        if found is None:
            raise UsageError(f"world {world} has no entity {entity}")
        return {"kind": type(found.value).__name__, **msgspec.structs.asdict(found.value)}

    async def players(self, world: WorldName) -> list[Player]:
        """The sessions of a world, by name."""
        rows = await self.store.session_rows(world)
        return sorted(
            (_player(session, unpack_row(row)[1]) for session, row in rows.items()),
            key=lambda player: (player.name, player.session),
        )

    async def kick(self, world: WorldName, who: str) -> Player:
        """Puts a player, by session or by name, out of a world; returns when that is done. Raises: UsageError."""
        player = await self._player(world, who)
        session, node = SessionId(player.session), NodeName(player.node)
        if not await self.directory.ask_to_kick(node, Kick(world, session)):
            raise UsageError(f"node {node}, which served {who!r}, is gone: the player leaves after the grace period")
        with trio.move_on_after(HEARD_S):
            while await self.store.session_row(world, session):  # noqa: ASYNC110  (it happens on another machine)
                await trio.sleep(POLL_S)
            return player
        raise UsageError(f"node {node} was asked, and has not put {who!r} out within {HEARD_S:g} s")

    async def drain(self, name: str) -> NodeName:
        """Asks a node to drain. Raises: UsageError."""
        node = await self._node(name)
        if not await self.directory.ask_to_drain(node):
            raise UsageError(f"node {node} is gone")
        return node

    async def banned(self) -> list[Ban]:
        """All bans, by whom they are on."""
        book = await self.bans.changed("")
        return sorted(book.bans, key=lambda ban: ban.subject) if book is not None else []

    async def ban(self, subject: Subject, reason: str, ttl_s: float | None) -> Ban:
        """Bans somebody; nodes heed it within a second or two. Raises: UsageError."""
        if ttl_s is not None and not 0 < ttl_s <= LONGEST_BAN_S:
            raise UsageError(
                f"a ban of {ttl_s:g} s: it lasts more than 0 s and at most {LONGEST_BAN_S:g} s, or for good"
            )
        if not await self.bans.ban(subject, reason, ttl_s):
            raise UsageError(f"the list is full: there are {MOST_BANS} bans")
        return await self._ban_of(subject)

    async def lift(self, subject: Subject) -> Ban:
        """Ends a ban. Raises: UsageError."""
        ban = await self._ban_of(subject)
        await self.bans.lift(subject)
        return ban

    async def subject_in(self, world: WorldName, who: str) -> Subject:
        """Whom to ban for a session, or a name, in a world. Raises: UsageError."""
        player = await self._player(world, who)
        if not player.player:
            raise UsageError(f"{who!r} has no token: ban its address, which the log of node {player.node} has")
        return player_subject(player.player)

    async def _ban_of(self, subject: Subject) -> Ban:
        found = next((ban for ban in await self.banned() if ban.subject == subject), None)
        if found is None:
            raise UsageError(f"there is no ban of {subject}")
        return found

    async def _node(self, name: str) -> NodeName:
        nodes = [entry.name for entry in await self.directory.nodes()]
        found = [node for node in nodes if name in (node, node.rpartition("-")[0])]
        if not found:
            raise UsageError(f"no node {name!r} lives; there are: {', '.join(nodes) or 'none'}")
        if len(found) > 1:
            raise UsageError(f"{len(found)} nodes are called {name!r}: {', '.join(found)}")
        return found[0]

    async def _player(self, world: WorldName, who: str) -> Player:
        players = await self.players(world)
        found = [player for player in players if player.session == who] or [p for p in players if p.name == who]
        if not found:
            await self._check_world(world)
            raise UsageError(f"nobody in world {world} has the session or name {who!r}")
        if len(found) > 1:
            sessions = ", ".join(player.session for player in found[:5])
            raise UsageError(f"{len(found)} players are called {who!r}; choose a session: {sessions}")
        return found[0]

    async def _replica(self, world: WorldName, game: Game) -> Replica:
        await self._check_world(world)
        replica = Replica(game.schema())
        replica.load(await self.store.snapshot(world))
        return replica

    async def _check_world(self, world: WorldName) -> None:
        try:
            head = await self.store.head(world)
        except WorldGone:
            raise UsageError(f"world {world} has ended") from None
        if not head.epoch:
            raise UsageError(f"there is no world {world}")


def _player(session: SessionId, tail: SessionTail) -> Player:
    return Player(session, tail.name, tail.player, tail.node, tail.entity, tail.away_since_ms > 0)
