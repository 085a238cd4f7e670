"""Oarlock and its rivals at the same work, under one load generator.

N players share a world. Each makes 10 moves a second, which change its own place, and one grab a second at one of 50
coins, which the first to grab it gets. Everybody sees everybody (or, on the grid, the cells around). The load is open
loop, from one C thread; a player's ``x`` counts its moves, so what an observer sees tells latency and loss.
"""
