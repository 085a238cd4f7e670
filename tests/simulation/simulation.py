"""A seed in, a verdict and a trace out; the same in every process.

Trio shuffles the tasks that are ready by a generator of its own. Hypothesis knows it (``register_random``, which Trio's
entry point calls) and seeds it for each example, and makes Trio order what it shuffles: so a life is run as one
explicit example, of which Hypothesis chooses nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import attrs
import outcome
import structlog
import trio
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from tests.simulation.air import Air
from tests.simulation.cluster import Cluster
from tests.simulation.verdict import faults
from tests.simulation.watched_store import Blunder, WatchedStore
from tests.simulation.weather import Weather


@attrs.frozen
class Life:
    """What came of a seed."""

    seed: int
    faults: list[str]
    trace: list[str]
    commands: int = 0
    versions: int = 0

    @property
    def fingerprint(self) -> str:
        """The same for two equal traces only."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def simulate(seed: int, blunder: Blunder | None = None) -> Life:
    """The life of a seed; an error that nobody caught is a fault like others.

    Args:
        blunder: a check that the store does not make.
    """
    lives: list[Life] = []
    trace: list[str] = []

    @settings(phases=[Phase.explicit], database=None, deadline=None)
    @example(None)
    @given(st.none())
    def live(_: None) -> None:
        lives.append(trio.run(partial(_live, seed, blunder, trace), clock=MockClock(autojump_threshold=0)))

    with _silent():
        ended = outcome.capture(live)
    if isinstance(ended, outcome.Error):
        lives.append(Life(seed, [f"raised: {_innermost(ended.error)!r}"], trace))
    return lives[0]


async def _live(seed: int, blunder: Blunder | None, trace: list[str]) -> Life:
    rng = random.Random(seed)
    weather = Weather.draw(rng)
    epochs = itertools.count(1)
    async with trio.open_nursery() as nursery:
        air = Air(rng, weather, nursery, trace=trace)
        air.note(str(weather))
        cluster = Cluster(air, WatchedStore(lambda: 0, lambda: f"epoch-{next(epochs)}", blunder=blunder))
        await cluster.live()
        found = faults(cluster)
        nursery.cancel_scope.cancel()
    commands = sum(len(player.orders) for player in cluster.players)
    return Life(seed, found, trace, commands, len(cluster.store.history))


@contextmanager
def _silent() -> Iterator[None]:
    """Nodes log nothing: what befalls them is no news."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
