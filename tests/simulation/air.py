"""What all parts of one simulated life share: chance, weather, the tasks of the network, and the trace."""

from __future__ import annotations

import random

import attrs
import trio

from tests.simulation.weather import LONGEST_SPIKE_S, Weather


@attrs.define(eq=False)
class Air:
    """Between nodes, store and players. ``calm``: no more faults of messages; ``store_is_full``: it takes no writes."""

    rng: random.Random
    weather: Weather
    nursery: trio.Nursery
    calm: bool = False
    store_is_full: bool = False
    trace: list[str] = attrs.field(factory=list)

    def note(self, text: str) -> None:
        """Writes down what happened, and when."""
        self.trace.append(f"{trio.current_time():.6f} {text}")

    def happens(self, chance: float) -> bool:
        """Whether something of that chance befalls a message now."""
        return not self.calm and self.rng.random() < chance

    def delay_s(self) -> float:
        """How long a message takes."""
        if self.happens(self.weather.spike):
            return self.rng.uniform(0, LONGEST_SPIKE_S)
        return self.rng.uniform(0, 2 * self.weather.delay_s)
