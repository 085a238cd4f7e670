"""One node: the worlds that are open on it, and the sessions in them.

A world is opened by the first connection that names it and closed some time after the last. A world that fails closes
its own connections and can be opened again; the node goes on.
"""

from __future__ import annotations

import secrets
from typing import TypeVar

import attrs
import structlog
import trio

from server.config import NodeConfig
from server.errors import WorldUnavailable
from server.game import Game
from server.host import REAPING_S, WorldHost, open_host
from server.identity.gate import Gate
from server.net.admission import Accept, Admission, world_of
from server.net.connection import Connection
from server.net.http import Request, Response, explain
from server.net.origins import Origins
from server.seats import Seats
from server.session.room import Occupant
from server.session.session import Session
from server.vitals import LoopLag
from server.wire import close_codes
from server.wire.codec import CODECS
from server.worlds import Worlds
from shared_state.directory import Directory
from shared_state.directory_names import NodeName, node_name
from shared_state.errors import SharedStateError, WorldGone
from shared_state.names import SessionId, WorldName, world_name
from shared_state.store import Store

E = TypeVar("E", bound=BaseException)
log = structlog.get_logger()

MAX_WORLDS = 64
OPEN_TIMEOUT_S = 5.0
LEAVE_POLL_S = 0.02


@attrs.define(eq=False)
class Slot:
    """A world that is open, opening or closing, and how many connections use it."""

    name: WorldName
    users: int = 0
    host: WorldHost | None = None
    failure: str = ""
    close_code: int = close_codes.STORE_AWAY
    ready: trio.Event = attrs.field(factory=trio.Event)
    deserted: trio.Event = attrs.field(factory=trio.Event)


@attrs.define(eq=False)
class Node:
    """The sessions and open worlds of one process.

    Args:
        directory: tells which nodes live, which worlds there are, who has a seat, what operators ask for.
        nursery: where worlds live.
        gate: decides who may play.
    """

    config: NodeConfig
    game: Game
    store: Store
    directory: Directory
    nursery: trio.Nursery
    gate: Gate = attrs.field(factory=Gate)
    slots: dict[WorldName, Slot] = attrs.field(factory=dict)
    connections: set[Connection] = attrs.field(factory=set)
    draining: bool = False
    """Not ready any more: proxies are to give it no players."""
    admits: bool = True
    sessions_total: int = 0
    lag: LoopLag = attrs.field(factory=LoopLag)
    asked_to_drain: trio.Event = attrs.field(factory=trio.Event)
    """An operator wants it to go away."""
    worlds: Worlds = attrs.field(init=False)
    owner: NodeName = attrs.field(init=False)
    _admission: Admission = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        subprotocols = {name: codec.is_text for name, codec in CODECS.items()}
        self._admission = Admission(subprotocols, Origins(frozenset(self.config.origins)))
        self.worlds = Worlds(self.game, self.config.worlds, self.directory, self.store)
        self.owner = node_name(f"{self.config.name}-{secrets.token_hex(6)}")

    @property
    def hosts(self) -> list[WorldHost]:
        """The worlds that are open."""
        return [slot.host for slot in self.slots.values() if slot.host is not None]

    def admit(self, request: Request) -> Accept | Response:
        """The decision on a handshake."""
        if not self.admits:
            return explain(503, "this node is going away", {"retry-after": "1"})
        if self.gate.bars("", request.peer) is not None:
            return explain(403, "this address is banned")
        return self._admission.admit(request)

    async def handle(self, connection: Connection) -> None:
        """Serves one connection from handshake to end."""
        slot = None
        self.connections.add(connection)
        try:
            if connection.subprotocol not in CODECS:
                await _turn_away(connection, close_codes.OTHER_VERSION, f"spoken here: {', '.join(CODECS)}")
                return
            slot = self._slot(world_name(world_of(connection.request) or ""))
            host = await self._opened(slot)
        except WorldUnavailable as error:
            log.warning("connection refused", world=world_of(connection.request), reason=str(error))
            await _turn_away(connection, error.close_code, str(error)[:100])
        else:
            await self._serve(connection, host)
        finally:
            self.connections.discard(connection)
            if slot is not None:
                self._quit(slot)

    def occupants(self) -> list[Occupant]:
        """All who are connected to an open world, joined or not."""
        return [occupant for host in self.hosts for occupant in host.occupants()]

    def is_current(self) -> bool:
        """Whether one of its worlds at least is shown as it is now; a world that cannot be read is no node's fault."""
        return not self.hosts or any(host.world.follower.is_current for host in self.hosts)

    def stand_down(self) -> None:
        """Gives up leading, so that another node does at once."""
        for host in self.hosts:
            host.leadership.cancel()

    def is_committing(self) -> bool:
        """Whether the end of a session is not committed."""
        return any(host.world.committer.writers for host in self.hosts)

    def expel_banned(self) -> None:
        """Ends the stay of all who may not be here any more."""
        for occupant in self.occupants():
            rejection = self.gate.bars(occupant.player, occupant.client.peer)
            if rejection is not None:
                occupant.expel(rejection)

    def abort(self) -> None:
        """Cuts off all who are connected: their sessions are away from now on."""
        for connection in self.connections:
            connection.abort()

    def kick(self, world: WorldName, session: SessionId) -> None:
        """Puts a session out, if its world is open here."""
        slot = self.slots.get(world)
        if slot is not None and slot.host is not None:
            log.info("session put out", world=world, session=session)
            slot.host.kick(session)

    async def _live_nodes(self) -> set[str]:
        return {entry.name for entry in await self.directory.nodes()}

    async def _serve(self, connection: Connection, host: WorldHost) -> None:
        self.sessions_total += 1
        session = Session(
            client=connection,
            codec=CODECS[connection.subprotocol or ""],
            room=host,
            fresh_id=SessionId(secrets.token_hex(8)),
            fresh_secret=secrets.token_urlsafe(18),
            gate=self.gate,
        )
        host.arrive(session)
        try:
            reason = await connection.run(session)
            away = session.may_come_back
            log.info("connection over", world=host.world.name, session=session.session_id, code=reason.code, away=away)
        finally:
            host.newcomers.pop(session, None)
            session.on_closed()

    def _slot(self, name: WorldName) -> Slot:
        slot = self.slots.get(name)
        if slot is None:
            if len(self.slots) >= MAX_WORLDS:
                raise WorldUnavailable("too many worlds are open on this node")
            slot = self.slots[name] = Slot(name)
            self.nursery.start_soon(self._keep_open, slot)
        slot.users += 1
        return slot

    async def _opened(self, slot: Slot) -> WorldHost:
        with trio.move_on_after(OPEN_TIMEOUT_S):
            await slot.ready.wait()
        if slot.host is None:
            raise WorldUnavailable(slot.failure or "the store does not answer", slot.close_code)
        return slot.host

    def _quit(self, slot: Slot) -> None:
        slot.users -= 1
        if not slot.users:
            slot.deserted.set()

    async def _keep_open(self, slot: Slot) -> None:
        structlog.contextvars.bind_contextvars(world=slot.name)
        config = self.config.world
        seats = Seats(self.directory, slot.name, self.owner, 2 * (config.grace_s + REAPING_S))
        try:
            await self.worlds.ensure(slot.name)
            async with open_host(
                self.store, slot.name, self.game, self.config.name, self.owner, config, self._live_nodes, seats=seats
            ) as host:
                slot.host = host
                slot.ready.set()
                log.info("world open", version=host.world.replica.version)
                await self._until_deserted(slot, host)
                # Who comes while it closes opens the world anew.
                del self.slots[slot.name]
            log.info("world closed")
        except* WorldUnavailable as refusals:
            slot.failure, slot.close_code = str(_first(refusals)), _first(refusals).close_code
        except* SharedStateError as failures:
            failure = _first(failures)
            slot.failure = str(failure)
            log.error("world failed", error=slot.failure)
            if slot.host is not None:
                slot.host.dismiss(*_farewell(failure))
        finally:
            if self.slots.get(slot.name) is slot:
                del self.slots[slot.name]
            slot.ready.set()

    async def _until_deserted(self, slot: Slot, host: WorldHost) -> None:
        """Waits until nobody has been here for a while, and those who left or went away have left the world."""
        while slot.users or host.world.committer.writers or trio.current_time() < host.needed_until_s:
            slot.deserted = trio.Event()
            if slot.users:
                await slot.deserted.wait()
            await trio.sleep(self.config.world.linger_s or LEAVE_POLL_S)


def _farewell(failure: BaseException) -> tuple[int, str]:
    """Close code and reason for those who were in a world that failed."""
    if isinstance(failure, WorldGone):
        return close_codes.WORLD_ENDED, "the world has ended"
    return close_codes.WORLD_LOST, "the world has to be opened anew"


def _first(group: BaseExceptionGroup[E]) -> E:
    error: BaseExceptionGroup[E] | E = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _turn_away(connection: Connection, code: int, reason: str) -> None:
    connection.close(code, reason)
    await connection.run(_Deaf())


class _Deaf:
    """Receiver of a connection that is about to be closed."""

    def on_message(self, payload: bytes) -> None:
        """Ignores it."""

    def on_drained(self) -> None:
        """Ignores it."""
