"""Three ways to coordinate, on things that nobody, somebody and everybody wants: ``python -m bench.commit.contention``.

    python -m bench.commit.contention [seconds of each cell, default 2]

Nodes are processes with 32 transactions under way each. *cold*: 4,096 things, *warm*: 16, *hot*: one. A rerun is a
conflict that had a rule run again, or a lease found taken.
"""

from __future__ import annotations

import json
import sys

import attrs
import trio

from bench.commit.tasks import Order
from bench.commit.things import THINGS
from bench.commit.yard import Figures, Yard

WAYS = ("optimistic", "add", "lease")
HEAT = {"cold": THINGS, "warm": 16, "hot": 1}
NODES = (1, 2, 4)
CLIENTS = 32


@attrs.frozen
class Cell:
    """One row of the table."""

    way: str
    heat: str
    nodes: int
    figures: Figures


async def measure(seconds: float) -> list[Cell]:
    """The whole table."""
    cells = []
    async with Yard.opened(max(NODES)) as yard:
        for way in WAYS:
            for heat, things in HEAT.items():
                for count in NODES:
                    figures = await yard.run(count, Order(way, CLIENTS, seconds, things))
                    cells.append(Cell(way, heat, count, figures))
    return cells


def main() -> None:
    """Prints a table and a JSON line."""
    cells = trio.run(measure, float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
    heads = ("way", "heat", "nodes", *(field.name for field in attrs.fields(Figures)))
    print("".join(f"{head:>17}" for head in heads))
    for cell in cells:
        row = (cell.way, cell.heat, cell.nodes, *attrs.astuple(cell.figures))
        print("".join(f"{value:>17}" for value in row))
    print(json.dumps({"benchmark": "commit.contention", "cells": [attrs.asdict(cell) for cell in cells]}))


if __name__ == "__main__":
    main()
