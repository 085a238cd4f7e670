"""Players' commands into one world from several node processes: how late, how many, and what the store pays.

    python -m bench.commit.saturation [seconds of each row, default 3]

First 1,000 commands a second, then as many as the world takes from 512 players of each node. What one core of the
store could commit, if nodes had cores of their own, is a second over ``store_us``.
"""

from __future__ import annotations

import json
import sys

import attrs
import trio

from bench.commit.tasks import Order
from bench.commit.yard import Figures, Yard

NODES = (1, 2, 4)
PLAYERS = 512
RATE_HZ = 1000.0


@attrs.frozen
class Row:
    """So many nodes under one load; ``ceiling_per_s``: what the store's one core could do."""

    load: str
    nodes: int
    figures: Figures
    ceiling_per_s: int


async def measure(seconds: float) -> list[Row]:
    """All rows."""
    rows = []
    async with Yard.opened(max(NODES)) as yard:
        await yard.let_in(PLAYERS)
        for load, rate_hz in (("1,000/s", RATE_HZ), ("saturated", 0.0)):
            for count in NODES:
                figures = await yard.run(count, Order("players", PLAYERS, seconds, rate_hz=rate_hz / count))
                rows.append(Row(load, count, figures, round(1e6 / max(figures.store_us, 0.1))))
    return rows


def main() -> None:
    """Prints a table and a JSON line."""
    rows = trio.run(measure, float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
    heads = ("load", "nodes", *(field.name for field in attrs.fields(Figures)), "ceiling_per_s")
    print("".join(f"{head:>17}" for head in heads))
    for row in rows:
        values = (row.load, row.nodes, *attrs.astuple(row.figures), row.ceiling_per_s)
        print("".join(f"{value:>17}" for value in values))
    print(json.dumps({"benchmark": "commit.saturation", "rows": [attrs.asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
