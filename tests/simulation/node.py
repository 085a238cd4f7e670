"""A node of a simulated cluster, all of it above the sockets: it opens the world, serves lines, dies, starts again."""

from __future__ import annotations

import attrs
import trio

from server.config import WorldConfig
from server.host import WorldHost, open_host
from server.wire import close_codes
from shared_state.errors import SharedStateError
from shared_state.memory_store import MemoryServer, MemoryStore
from shared_state.names import WorldName
from tests.simulation.air import Air
from tests.simulation.counting_house import game
from tests.simulation.line import Line
from tests.simulation.wire import Wire
from tests.unit.shared_state.small_world import FIRST_SECOND

WORLD = WorldName("house")
GRACE_S = 3.0
BEAT_S, BEATS_LAST_S = 1.0, 3.0
STOPPING_S = 0.3


@attrs.define(eq=False)
class Node:
    """One node; a restart is a new owner with a new link.

    Args:
        beats: when each owner was heard of, by the store: the directory of live nodes.
    """

    name: str
    air: Air
    server: MemoryServer
    beats: dict[str, list[float]]
    life: int = 0
    host: WorldHost | None = None
    wire: Wire = attrs.field(init=False)
    lines: list[Line] = attrs.field(factory=list)
    wall_clock_ahead_s: float = 0.0
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def __attrs_post_init__(self) -> None:
        self._connect()

    @property
    def owner(self) -> str:
        """This life of the node."""
        return f"{self.name}-{self.life}"

    async def live(self) -> None:
        """Lives, dies and lives again, until cancelled."""
        while True:
            with trio.CancelScope() as self._scope:
                await self._serve()
            self._end()
            await trio.sleep(self.air.rng.uniform(0.1, 3.0))
            self.life += 1
            self._connect()

    def crash(self) -> None:
        """kill -9: nothing more leaves the node, not even its clean-up."""
        self.air.note(f"{self.owner} crashes")
        self.wire.dead = True
        self._end()
        self._scope.cancel()

    async def stop(self) -> None:
        """SIGTERM: connections are closed and what they leave behind is saved, leases are released."""
        host, scope = self.host, self._scope
        if host is not None:
            self.air.note(f"{self.owner} stops")
            self.host = None
            host.dismiss(close_codes.NODE_DRAINING, "the node is going away")
            await trio.sleep(STOPPING_S)
            scope.cancel()

    def connect(self, fresh: str) -> Line | None:
        """A connection, if the world is open here."""
        if self.host is None:
            return None
        line = Line(air=self.air, host=self.host, fresh=fresh)
        self.lines.append(line)
        return line

    def clock_ms(self) -> int:
        """The node's wall clock."""
        return round((FIRST_SECOND + trio.current_time() + self.wall_clock_ahead_s) * 1000)

    def _connect(self) -> None:
        # The life before is over: the server forgets its link, as a store forgets a closed connection.
        if self.life:
            self.server.clients.remove(self.wire.inner)
        self.wire = Wire(MemoryStore(self.server), air=self.air, name=self.owner)

    def _end(self) -> None:
        self.host = None
        lines, self.lines = self.lines, []
        for line in lines:
            line.lose_node()

    async def _serve(self) -> None:
        config = WorldConfig(grace_s=GRACE_S, log_length=self.air.weather.log_length)
        try:
            async with (
                open_host(
                    self.wire, WORLD, game, self.name, self.owner, config, self._live_nodes, self.clock_ms
                ) as host,
                trio.open_nursery() as nursery,
            ):
                self.host = host
                self.air.note(f"{self.owner} serves")
                nursery.start_soon(self._beat)
        except* SharedStateError as failures:
            self.air.note(f"{self.owner} fails {failures.exceptions}")

    async def _beat(self) -> None:
        while True:
            try:
                await self.wire.ask("beat", lambda: self.beats.setdefault(self.owner, []).append(trio.current_time()))
            except SharedStateError:
                self.air.note(f"{self.owner} not heard")
            await trio.sleep(BEAT_S)

    async def _live_nodes(self) -> list[str]:
        def look() -> list[str]:
            now_s = trio.current_time()
            return [owner for owner, heard_s in self.beats.items() if now_s - heard_s[-1] < BEATS_LAST_S]

        return await self.wire.ask("nodes", look)
