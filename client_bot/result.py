"""What a swarm saw: per bot its final view, over all bots counts and latencies.

Values; the digests and entities were copied when the views had settled. Knows how to compare views, not how to judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs

from client_bot.bot import Bot
from client_bot.client import State
from client_bot.diary import Diary, View
from client_bot.findings import Finding
from client_bot.measure import Measures
from client_bot.plan import SwarmPlan
from client_bot.tally import Tally, total
from client_bot.timeline import Timeline

EntityCopy = tuple[int, tuple[Any, ...]]


@attrs.frozen
class BotResult:
    """One bot at the end: who it was, where its view stood, and what it held.

    ``cells``: digest by cell in view. ``view``: cell -> entity id -> (kind number, values); empty unless the plan keeps
    views. ``dismissed``: why the node closed it for good; empty when it did not. ``last_ending``: how its last
    connection or attempt ended; empty when the first one still stands. ``has_left``: it left while others played on.
    """

    name: str
    brain: str
    node: str
    session: str
    avatar: int
    epoch: str
    version: int
    is_online: bool
    is_suspect: bool
    cells: dict[int, int]
    entities: int
    findings: tuple[Finding, ...]
    dismissed: str
    last_ending: str
    view: dict[int, dict[int, EntityCopy]]
    has_left: bool = False


@attrs.frozen
class SwarmResult:
    """A whole run.

    ``bots``: those who were there in the end, and those of the ``departed`` with which something was wrong. ``joined``:
    how many ever got in. ``is_quiet``: no view changed any more when the bots were collected. ``troubles``: what went
    wrong with the bots' own processes. ``diary``: empty unless the plan keeps one.
    """

    plan: SwarmPlan
    seconds: float
    bots: list[BotResult]
    tally: Tally
    measures: Measures
    timeline: Timeline
    gaps: int
    divergences: int
    digests_checked: int
    is_quiet: bool
    joined: int
    departed: int = 0
    troubles: tuple[str, ...] = ()
    diary: Diary = attrs.field(factory=Diary)

    @property
    def present(self) -> list[BotResult]:
        """The bots that did not leave."""
        return [bot for bot in self.bots if not bot.has_left]

    @property
    def bots_per_node(self) -> dict[str, int]:
        """How many of them each node served last."""
        return dict(sorted(Counter(bot.node for bot in self.present if bot.node).items()))

    def views(self) -> list[View]:
        """What the bots that are connected hold at the end."""
        return [
            View(bot.name, bot.node, bot.epoch, bot.version, bot.cells)
            for bot in self.present
            if bot.is_online and bot.cells
        ]

    def disagreements(self) -> list[str]:
        """Cells that two bots at the same position hold with different content; meaningful when quiet."""
        held: dict[tuple[str, int, int], tuple[int, str]] = {}
        texts: list[str] = []
        for bot in self.present:
            for cell, digest in bot.cells.items():
                other, name = held.setdefault((bot.epoch, bot.version, cell), (digest, bot.name))
                if other != digest:
                    texts.append(f"{bot.name} and {name} differ in cell {cell} at version {bot.version}")
        return texts


def merged(plan: SwarmPlan, results: Sequence[SwarmResult], troubles: Sequence[str]) -> SwarmResult:
    """Runs that began together as one."""
    measures, timeline = Measures(), Timeline(0.0)
    for result in results:
        measures.merge(result.measures)
        timeline.merge(result.timeline)
    return SwarmResult(
        plan=plan,
        seconds=max((result.seconds for result in results), default=0.0),
        bots=[bot for result in results for bot in result.bots],
        tally=total(result.tally for result in results),
        measures=measures,
        timeline=timeline,
        gaps=sum(result.gaps for result in results),
        divergences=sum(result.divergences for result in results),
        digests_checked=sum(result.digests_checked for result in results),
        is_quiet=all(result.is_quiet for result in results),
        joined=sum(result.joined for result in results),
        departed=sum(result.departed for result in results),
        troubles=tuple(troubles),
    )


def copy_bot(bot: Bot, keeps_view: bool, has_left: bool = False) -> BotResult:
    """The bot as it stands now."""
    client, mirror = bot.client, bot.client.mirror
    return BotResult(
        name=client.name,
        brain=bot.brain_name,
        node=bot.node,
        session=client.welcome.session if client.welcome else "",
        avatar=client.avatar,
        epoch=mirror.epoch if mirror else "",
        version=mirror.version if mirror else 0,
        is_online=client.state in (State.JOINED, State.MOVING),
        is_suspect=mirror.suspect if mirror else False,
        cells={cell: mirror.digest(cell) for cell in mirror.cells} if mirror else {},
        entities=len(mirror) if mirror else 0,
        findings=tuple(client.findings.first),
        dismissed=bot.dismissed,
        last_ending=bot.last_ending,
        view=_copy_view(bot) if keeps_view else {},
        has_left=has_left,
    )


def _copy_view(bot: Bot) -> dict[int, dict[int, EntityCopy]]:
    cells = bot.client.mirror.cells if bot.client.mirror else {}
    return {cell: {id_: (e.kind, tuple(e.values)) for id_, e in held.items()} for cell, held in cells.items()}
