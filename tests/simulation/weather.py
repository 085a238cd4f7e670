"""What a seed decides before a cluster starts: its size, how bad its network is, and which faults come how often.

All chance of a simulation comes from one generator, so a seed is a whole life.
"""

from __future__ import annotations

import random
from typing import Literal

import attrs

FaultKind = Literal[
    "crash",
    "stop",
    "break",
    "partition",
    "pause",
    "hang_up",
    "half_open",
    "rollback",
    "full",
    "wall_clock",
    "store_clock",
]
FAULTS: tuple[FaultKind, ...] = (
    "crash", "stop", "break", "partition", "pause", "hang_up", "hang_up", "half_open", "rollback", "full", "wall_clock",
    "store_clock",
)  # fmt: skip
LONGEST_SPIKE_S = 4.0


@attrs.frozen
class Weather:
    """The conditions of one life.

    Args:
        delay_s: a usual way from here to there.
        spike: chance that a message takes up to ``LONGEST_SPIKE_S``.
        lost_pushes, doubled_pushes, lost_replies: chances.
        orderly: pushes and replies of one link keep their order, but for spikes.
        faults: kinds of what befalls nodes and lines; one every ``fault_every_s`` on average, for ``seconds``.
        leaving: chance that a player, about to command, leaves for good and begins anew.
        log_length: versions kept in the store's log.
    """

    nodes: int
    players: int
    seconds: float
    delay_s: float
    spike: float
    lost_pushes: float
    doubled_pushes: float
    lost_replies: float
    orderly: bool
    faults: tuple[FaultKind, ...]
    fault_every_s: float
    commands_hz: float
    leaving: float
    log_length: int

    @classmethod
    def draw(cls, rng: random.Random) -> Weather:
        """The weather of a seed: mostly a few things bad at once, sometimes none, sometimes all."""
        kinds = rng.sample(FAULTS, rng.choice([0, 1, 2, 3, len(FAULTS)]))
        return cls(
            nodes=rng.randint(2, 3),
            players=rng.randint(2, 5),
            seconds=rng.uniform(4, 10),
            delay_s=rng.choice([0.0002, 0.002, 0.03]),
            spike=rng.choice([0, 0, 0.01, 0.05]),
            lost_pushes=rng.choice([0, 0, 0.05, 0.3]),
            doubled_pushes=rng.choice([0, 0, 0.1]),
            lost_replies=rng.choice([0, 0, 0.05]),
            orderly=rng.random() < 0.5,
            faults=tuple(kinds),
            fault_every_s=rng.choice([0.3, 1.0, 2.0]),
            commands_hz=rng.choice([1, 4, 10]),
            leaving=rng.choice([0, 0, 0.02]),
            log_length=rng.choice([3, 30, 10_000]),
        )
