"""How a node is doing: the lag of its event loop, and its work in the last moments, for operators.

Owns figures only; the work is counted elsewhere. Invariant: measuring costs ten wake-ups a second, whatever the load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import trio

from shared_state.histogram import Histogram

LOOP_EVERY_S = 0.1

Totals = Mapping[str, float]


@attrs.define(eq=False)
class LoopLag:
    """How late the event loop comes back to a task that is due. ``worst_s``: since it was last taken."""

    waits: Histogram = attrs.field(factory=Histogram)
    _worst_s: float = 0.0

    async def measure_forever(self) -> None:
        """Measures until cancelled."""
        while True:
            due_s = trio.current_time() + LOOP_EVERY_S
            await trio.sleep_until(due_s)
            lag_s = max(0.0, trio.current_time() - due_s)
            self.waits.add(lag_s)
            self._worst_s = max(self._worst_s, lag_s)

    def take_worst_s(self) -> float:
        """The longest wait since the last call."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s


@attrs.define(eq=False)
class Rates:
    """Totals that only grow, as rates since they were last asked for.

    Args:
        totals: their values now; one that shrinks (a world was closed) counts as standing still.
    """

    totals: Callable[[], Totals]
    _before: Totals = attrs.field(factory=dict)
    _at_s: float | None = None

    def take(self, now_s: float) -> dict[str, float]:
        """By name with ``_s`` behind: how much more there is, a second."""
        now, before, at_s = self.totals(), self._before, self._at_s
        self._before, self._at_s = now, now_s
        if at_s is None or now_s <= at_s:
            return {f"{name}_s": 0.0 for name in now}
        spent_s = now_s - at_s
        return {
            f"{name}_s": round(max(0.0, total - before.get(name, total)) / spent_s, 1) for name, total in now.items()
        }
