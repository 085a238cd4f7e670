"""Simulates many lives on all processors: ``python -m tests.simulation --seeds 10000 [--from 1] [--seed 7]``.

Says how far it is, prints each seed that fails with what was wrong and how to run it again; exit status 1 if one did.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

import click

from tests.simulation.simulation import Life, simulate

SAY_EVERY_S = 10.0
FAULTS_SHOWN = 8


@click.command()
@click.option("--seeds", default=1000, help="How many.")
@click.option("--from", "first", default=1, help="The first one.")
@click.option("--seed", type=int, help="Only this one, with its trace.")
def main(seeds: int, first: int, seed: int | None) -> None:
    """Simulates whole clusters, one life a seed."""
    if seed is None:
        sys.exit(simulate_many(range(first, first + seeds)))
    life = simulate(seed)
    click.echo("\n".join(life.trace))
    tell(life)
    sys.exit(bool(life.faults))


def simulate_many(seeds: range) -> int:
    """Runs them all, a process on each processor. Returns: the exit status."""
    failed = commands = versions = 0
    said_s = started_s = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for done, life in enumerate(pool.imap_unordered(simulate, seeds, chunksize=4), 1):
            commands, versions = commands + life.commands, versions + life.versions
            if life.faults:
                failed += 1
                tell(life)
            if time.monotonic() - said_s > SAY_EVERY_S:
                said_s = time.monotonic()
                click.echo(f"{done} of {len(seeds)} lives, {failed} failed, {said_s - started_s:.0f} s")
    elapsed_s = time.monotonic() - started_s
    speed = f"{elapsed_s:.0f} s, {len(seeds) / elapsed_s:.1f} lives a second"
    click.echo(f"{len(seeds)} lives, {commands} commands, {versions} versions, {failed} failed, {speed}")
    return int(failed > 0)


def tell(life: Life) -> None:
    """What was wrong with a life, and how to live it again."""
    for fault in life.faults[:FAULTS_SHOWN]:
        click.echo(f"seed {life.seed}: {fault}")
    if life.faults:
        click.echo(f"again: make simulate SEED={life.seed}")
    click.echo(f"seed {life.seed}: {life.commands} commands, {life.versions} versions, trace {life.fingerprint}")


if __name__ == "__main__":
    main()
