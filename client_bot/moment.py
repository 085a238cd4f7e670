"""A running swarm at one time, as it is shown; a value. The moments of swarms that run together add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from client_bot.tally import Tally, total
from client_bot.timeline import Step


@attrs.frozen
class Moment:
    """A running swarm at one time.

    Args:
        at_s: since the beginning of the bots.
        until_s: when their playing ends, on the same count.
        bots: how many there are to be; ``online``: how many are in.
        bots_per_node: how many of those each node serves.
        findings: gaps and divergences.
        last: the last step of time that is over; ``step_s``: how long it was.
        is_settling: nobody commands any more.
    """

    at_s: float
    until_s: float
    bots: int
    online: int
    bots_per_node: Counter[str]
    tally: Tally
    findings: int
    last: Step
    step_s: float
    is_settling: bool

    def rate(self, node: str) -> int:
        """Answers a second by a node, lately."""
        return round(self.last.answers[node] / self.step_s)

    @property
    def wrong(self) -> int:
        """All that makes a run fail, as far as it is known already."""
        return self.findings + self.tally.doubled + self.tally.stale_acks


def together(moments: Sequence[Moment]) -> Moment:
    """Several swarms as one, at the time of the latest."""
    last, bots_per_node = Step(), Counter[str]()
    for moment in moments:
        last.merge(moment.last)
        bots_per_node += moment.bots_per_node
    return Moment(
        max(moment.at_s for moment in moments),
        moments[0].until_s,
        sum(moment.bots for moment in moments),
        sum(moment.online for moment in moments),
        bots_per_node,
        total(moment.tally for moment in moments),
        sum(moment.findings for moment in moments),
        last,
        max(moment.step_s for moment in moments),
        all(moment.is_settling for moment in moments),
    )
