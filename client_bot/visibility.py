"""Measures when a commit made through one node is seen through another.

All bots share a clock. Each node's *frontier* is the newest version that any bot has seen through it, with the time it
got there; a commit at version V is visible on a node when the node's frontier reaches V. A commit that a frontier has
already passed is looked up in its recent past, one that it has not reached waits.
Knows no connection. Invariant: past and waiting commits are bounded; what does not fit is counted, not measured.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left

import attrs

from client_bot.measure import Measures

KEPT_STEPS = 4096
KEPT_COMMITS = 4096


@attrs.frozen(order=True)
class Commit:
    """A command that took effect at ``version``; times in seconds."""

    version: int
    sent_s: float
    answered_s: float


@attrs.define(eq=False)
class Frontier:
    """How far one node has shown the world, and which commits of other nodes it still has to show."""

    versions: list[int] = attrs.Factory(list)
    times_s: list[float] = attrs.Factory(list)
    waiting: list[Commit] = attrs.Factory(list)

    def advance(self, version: int, now_s: float) -> None:
        """Notes that the node has shown ``version``."""
        self.versions.append(version)
        self.times_s.append(now_s)
        if len(self.versions) > KEPT_STEPS:
            del self.versions[: KEPT_STEPS // 2], self.times_s[: KEPT_STEPS // 2]

    def reached_s(self, version: int) -> float | None:
        """When the node first showed ``version`` or a later one; None when that is too long ago to know."""
        step = bisect_left(self.versions, version)
        return self.times_s[step] if step else None


@attrs.define(eq=False)
class Visibility:
    """The frontiers of all nodes within one epoch; a new epoch starts over."""

    measures: Measures
    unmeasured: int = 0
    _epoch: str = ""
    _frontiers: dict[str, Frontier] = attrs.Factory(dict)

    def seen(self, epoch: str, node: str, version: int, now_s: float) -> None:
        """A bot on ``node`` has a view at ``version``."""
        if epoch != self._epoch:
            self._epoch, self._frontiers = epoch, {}
        frontier = self._frontiers.get(node)
        if frontier is None:
            frontier = self._frontiers[node] = Frontier()
        if frontier.versions and version <= frontier.versions[-1]:
            return
        frontier.advance(version, now_s)
        while frontier.waiting and frontier.waiting[0].version <= version:
            self._measure(heapq.heappop(frontier.waiting), now_s)

    def committed(self, epoch: str, node: str, commit: Commit) -> None:
        """A bot on ``node`` was told that its command is committed."""
        if epoch != self._epoch:
            return
        for other, frontier in self._frontiers.items():
            if other != node:
                self._await(frontier, commit)

    def _await(self, frontier: Frontier, commit: Commit) -> None:
        if frontier.versions[-1] >= commit.version:
            reached_s = frontier.reached_s(commit.version)
            if reached_s is None:
                self.unmeasured += 1
            else:
                self._measure(commit, reached_s)
        elif len(frontier.waiting) < KEPT_COMMITS:
            heapq.heappush(frontier.waiting, commit)
        else:
            self.unmeasured += 1

    def _measure(self, commit: Commit, seen_s: float) -> None:
        self.measures.cross_node.add(seen_s - commit.sent_s)
        self.measures.seen_elsewhere.add(seen_s - commit.answered_s)
