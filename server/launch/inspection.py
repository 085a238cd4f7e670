"""Holds a finished run against the store: final views, invariants, and what the run cost.

Invariant: reads only; what it finds wrong becomes a reason of the verdict.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import attrs
import structlog
import trio

from client_bot.report import Report, StoreUse, report_of
from client_bot.result import SwarmResult
from server.game import Game
from server.launch.audit import Audit
from server.launch.cluster import Cluster
from server.launch.comparison import Comparison
from server.launch.ports import get
from shared_state.errors import StoreError, WorldGone
from shared_state.names import WorldName
from shared_state.redis.store import open_store
from shared_state.store import Store

log = structlog.get_logger()

SHOWN = 5
AUDIT_EVERY_S = 1.0
_COMMITTED = re.compile(r"^oarlock_commands_committed_total\{.*\} (\S+)$", re.MULTILINE)


@attrs.define(eq=False)
class Inspection:
    """What the store and the processes tell about a run.

    Args:
        cluster: still running when ``inspect`` is called.
        world: that the bots played in.
    """

    cluster: Cluster
    world: WorldName
    game: Game
    reasons: list[str] = attrs.field(factory=list)
    store: StoreUse = StoreUse()
    node_cpu_s: dict[str, float] = attrs.field(factory=dict)
    audit: Audit = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.audit = Audit(self.world, self.game)

    async def watch(self) -> None:
        """Checks the world's invariants while it is played, until cancelled: for runs longer than the log is kept."""
        async with open_store(self.cluster.store_url) as store:
            while True:
                await trio.sleep(AUDIT_EVERY_S)
                await self._audit(store)

    async def _audit(self, store: Store) -> None:
        try:
            await self.audit.catch_up(store)
        except (StoreError, WorldGone) as error:
            log.warning("world not checked", world=self.world, error=str(error))

    async def inspect(self, collect: Callable[[], SwarmResult]) -> SwarmResult:
        """Takes stock while the bots are in the world. Returns: what they saw last."""
        async with open_store(self.cluster.store_url) as store:
            comparison = Comparison(store, self.world, self.game)
            result, wrong = await comparison.run(collect)
            await self.audit.catch_up(store)
            info = await store.info()
        self.reasons += wrong[:SHOWN]
        if len(wrong) > SHOWN:
            self.reasons.append(f"{len(wrong)} cells of final views differ from the store in all")
        self.store = StoreUse(info.kind, info.version, await self._transactions(), round(info.cpu_s, 3))
        self.node_cpu_s = {node.name: cpu_s(node.process.pid) for node in self.cluster.nodes}
        return result

    def complete(self, result: SwarmResult) -> Report:
        """The report on the run, with all that was found."""
        report = report_of(result)
        reasons = [*report.reasons, *self.reasons, *self.audit.reasons]
        return attrs.evolve(
            report,
            verdict="FAIL" if reasons else "PASS",
            reasons=reasons,
            invariants=self.audit.violations,
            versions_checked=self.audit.versions,
            versions_missed=self.audit.missed,
            store=self.store,
            node_cpu_s=self.node_cpu_s,
        )

    async def _transactions(self) -> int:
        """How many the nodes say that they committed; those of a node that has died are not known any more."""
        pages = [(await get(node.port, "/metrics"))[1] for node in self.cluster.nodes]
        return sum(int(float(count)) for page in pages for count in _COMMITTED.findall(page))


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, in seconds; 0 where that cannot be told."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
