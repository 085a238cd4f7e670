"""The worlds of a game as the directory keeps them: made when they are first wanted, ended when nobody is left.

Must not know: connections, what is in a world. Invariant: a world is in the directory before its first key is written,
and out of it before its keys are deleted.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import structlog
import trio

from server.config import WorldsConfig
from server.errors import WorldUnavailable
from server.game import Game, WorldKind
from server.wire import close_codes
from shared_state.directory import Directory
from shared_state.directory_entry import NameTaken, Scalar, TooManyWorlds, WorldSpec
from shared_state.directory_names import world_kind
from shared_state.disposal import dispose
from shared_state.errors import StoreError
from shared_state.names import WorldName
from shared_state.store import Store

log = structlog.get_logger()

SWEEP_EVERY_S = 5.0


@attrs.frozen(eq=False)
class Worlds:
    """What worlds there are, and may be."""

    game: Game
    config: WorldsConfig
    directory: Directory
    store: Store

    async def ensure(self, name: WorldName) -> None:
        """Makes the world if it is new and may be made.

        Raises:
            WorldUnavailable: there is none, and none may be made; or the last one of that name is being deleted.
            StoreError: the directory does not answer.
        """
        if await self.directory.get(name) is not None:
            return
        if not self.config.on_demand:
            raise WorldUnavailable("there is no such world", close_codes.NO_WORLD)
        made = await self.directory.create(self.spec(self.game.world_kinds[0]), name)
        if isinstance(made, TooManyWorlds):
            raise WorldUnavailable("there is no such world, and no more can be made", close_codes.NO_WORLD)
        if isinstance(made, NameTaken) and await self.directory.get(name) is None:
            raise WorldUnavailable("the last world of this name is being deleted")

    def kind(self, name: str) -> WorldKind | None:
        """A kind of world of this game; its first one for an empty name."""
        kinds = {kind.name: kind for kind in self.game.world_kinds}
        return kinds.get(name) if name else self.game.world_kinds[0]

    def spec(
        self, kind: WorldKind, metadata: Mapping[str, Scalar] | None = None, *, private: bool = False
    ) -> WorldSpec:
        """A world of a kind as the directory is asked for it. Raises: BadMetadata."""
        return WorldSpec(
            world_kind(kind.name),
            self.config.seats or kind.seats,
            metadata or {},
            private=private,
            persistent=kind.persistent,
            empty_ttl_s=kind.empty_ttl_s,
        )

    async def sweep_forever(self) -> None:
        """Ends empty worlds. Every node does: each name is handed to one of them."""
        while True:
            await trio.sleep(SWEEP_EVERY_S)
            try:
                ended = await dispose(self.directory, self.store)
            except StoreError as error:
                log.warning("worlds not swept", error=str(error))
            else:
                for name in ended:
                    log.info("empty world ended", world=name)
