"""Flotsam: a bay seen from above. Row, grab crates before others do, ram, trade, salvage wrecks, keep lighthouses.

Invariant: gold and oil are conserved: what the ledger says was made is what boats, crates, wrecks and lighthouses hold.
"""

from server.games.flotsam import laws, lights, ramming, rules, salvage, tides, trade, weather
from server.games.flotsam.world import game

__all__ = ["game", "laws", "lights", "ramming", "rules", "salvage", "tides", "trade", "weather"]
