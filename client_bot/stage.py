"""Which part of a run a swarm is in, as its bots see it.

Invariant: a run only goes forward: commanding, then settling, then over.
"""

from __future__ import annotations

import attrs
import trio


@attrs.define(eq=False)
class Stage:
    """Shared by the bots of a swarm; set by the swarm alone."""

    is_commanding: bool = True
    is_over: bool = False
    settling: trio.Event = attrs.Factory(trio.Event)
    """Set once there are no more commands."""

    def settle(self) -> None:
        """No more commands; answers are awaited."""
        self.is_commanding = False
        self.settling.set()

    def end(self) -> None:
        """Bots leave and do not come back."""
        self.settle()
        self.is_over = True
