"""Checks a game's invariants at every version of a world, by the log.

How it works: from an empty world on, or from a snapshot where the log does not reach back that far, each delta is
applied to a replica of its own and every invariant is asked. Called often enough, it misses no version, however short
the log is kept. Must not know: bots, nodes. Invariant: reads only; a version is checked once.
"""

from __future__ import annotations

import attrs
import trio

from server.game import Game
from shared_state.delta import decode_delta
from shared_state.names import WorldName
from shared_state.replica import Fit, Replica
from shared_state.store import Store

LOG_PAGE = 500


@attrs.define(eq=False)
class Audit:
    """What was found so far.

    Args:
        violations: number of versions at which an invariant did not hold, by its name.
        first: of those, what it said at the first.
        last: what the newest violation was, of any.
        versions: how many were checked.
        missed: how many were not, because the log was cut or begun anew before they were read.
    """

    world: WorldName
    game: Game
    violations: dict[str, int] = attrs.field(init=False)
    first: dict[str, str] = attrs.field(factory=dict, init=False)
    last: str = attrs.field(default="", init=False)
    versions: int = attrs.field(default=0, init=False)
    missed: int = attrs.field(default=0, init=False)
    replica: Replica = attrs.field(init=False)
    _turn: trio.Lock = attrs.field(factory=trio.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self.violations = {invariant.name: 0 for invariant in self.game.invariants}
        self.replica = Replica(self.game.schema())

    @property
    def reasons(self) -> list[str]:
        """What is wrong with the world, in words."""
        return [
            f"{name} did not hold at {count} of {self.versions} versions; {self.first[name]}"
            for name, count in self.violations.items()
            if count
        ]

    def figures(self) -> dict[str, int | str]:
        """What was found so far, for a page."""
        return {
            "world": self.world,
            "version": self.replica.version,
            "checked": self.versions,
            "violations": sum(self.violations.values()),
            "last": self.last,
        }

    async def catch_up(self, store: Store) -> None:
        """Checks all versions since the last call. Raises: StoreError."""
        async with self._turn:
            head = await store.head(self.world)
            if not self.replica.epoch:
                self.replica.epoch = head.epoch
            if self.replica.epoch != head.epoch or not await self._follow(store, head.version):
                await self._start_over(store)

    async def _follow(self, store: Store, version: int) -> bool:
        """Checks what the log has up to a version; False: it does not go on from here."""
        while self.replica.version < version:
            before = self.replica.version
            self._take(await store.log_after(self.world, before, LOG_PAGE))
            if self.replica.version == before:
                return False
        return True

    def _take(self, page: list[bytes]) -> None:
        for payload in page:
            delta = decode_delta(payload)
            if self.replica.fit(delta) is not Fit.NEXT:
                return
            self.replica.apply(delta)
            self._check()
        self.replica.drain()

    async def _start_over(self, store: Store) -> None:
        """Goes on from the world as it is now; what the log has not any more cannot be checked."""
        before = self.replica.version
        self.replica.load(await store.snapshot(self.world))
        self.missed += max(self.replica.version - before - 1, 0)
        self._check()

    def _check(self) -> None:
        self.versions += 1
        for name, wrong in self.game.broken(self.replica.values):
            self.violations[name] += 1
            self.last = wrong
            self.first.setdefault(name, f"at version {self.replica.version}: {wrong}")
