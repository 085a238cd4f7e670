"""Flotsam: a bay seen from above. Row, and pick up floating crates before others do.

Invariant: gold is conserved: what the ledger says was minted is what boats and crates hold.
"""

from server.games.flotsam import rules, tides
from server.games.flotsam.world import game

__all__ = ["game", "rules", "tides"]
