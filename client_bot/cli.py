"""The command ``bots``: runs a swarm against a world that is already served, and judges what it sees.

Owns the options only. Exit codes: 0 PASS, 1 FAIL, 2 when there was no run (wrong options, no server).
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TypeAlias

import click
import trio
from rich.console import Console

from client_bot.brains import BRAINS
from client_bot.connection import UnreachableError
from client_bot.diary import Diary
from client_bot.fleet import run_fleet
from client_bot.page import to_html
from client_bot.plan import DEFAULT_BRAINS, DEFAULT_URL, SwarmPlan
from client_bot.progress import ConsoleProgress, Progress, SilentProgress
from client_bot.report import Report, report_of, to_json, to_text
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from server.wire.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK

FORMATS: dict[str, tuple[str, ...]] = {
    "msgpack": (SUBPROTOCOL_MSGPACK,),
    "json": (SUBPROTOCOL_JSON,),
    "both": (SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON),
}
Start: TypeAlias = Callable[[Progress, trio.Event], Awaitable[SwarmResult]]
UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def read_duration(text: str) -> float:
    """Seconds, from ``30``, ``30s``, ``2m``, ``1h`` or ``7d``. Raises: click.BadParameter."""
    unit_s = UNIT_SECONDS.get(text[-1:])
    try:
        number = float(text[:-1] if unit_s else text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a duration such as 30s or 2m") from None
    return number * (unit_s or 1.0)


def read_weight(text: str) -> tuple[str, float]:
    """A behaviour and its weight, from ``hoarder=3``, or ``hoarder`` for 1. Raises: click.BadParameter."""
    brain, _, weight = text.partition("=")
    try:
        return brain, float(weight or 1)
    except ValueError:
        raise click.BadParameter(f"{weight!r} is not a number") from None


@click.command("bots")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="Address of the world.")
@click.option("--bots", default=20, show_default=True, help="How many bots.")
@click.option(
    "--for", "seconds", type=read_duration, default="30s", metavar="TIME", show_default=True, help="How long they play."
)
@click.option(
    "--ramp",
    "ramp_s",
    type=read_duration,
    default="2s",
    metavar="TIME",
    show_default=True,
    help="Over how long they join.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the bots."
)
@click.option("--seed", type=int, help="Seed of all they do; random when not given.")
@click.option(
    "--brain",
    "brains",
    type=read_weight,
    multiple=True,
    metavar="NAME=WEIGHT",
    help=f"Behaviour and its weight, may be repeated: {', '.join(BRAINS)}, or your own as module:Class.",
)
@click.option("--rate", "rate_hz", default=10.0, show_default=True, help="Commands per second and bot.")
@click.option(
    "--think",
    "think_s",
    type=read_duration,
    default="0s",
    metavar="TIME",
    show_default=True,
    help="How long a bot rests between commands, on the average; it varies.",
)
@click.option(
    "--churn",
    "stay_s",
    type=read_duration,
    default="inf",
    metavar="TIME",
    help="How long a bot stays until it leaves and another comes, on the average; they all stay when not given.",
)
@click.option("--radius", default=0.0, help="How far they look, in world units; 0 takes the game's default.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="msgpack", show_default=True)
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here.")
@click.option("--html", "page_file", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a page here.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.option("--record", type=click.Path(path_type=Path, file_okay=False), help="Keep what they are told here.")
def bots(
    url: str,
    bots: int,
    seconds: float,
    ramp_s: float,
    processes: int,
    seed: int | None,
    brains: tuple[tuple[str, float], ...],
    rate_hz: float,
    think_s: float,
    stay_s: float,
    radius: float,
    format_: str,
    report_file: Path | None,
    page_file: Path | None,
    as_json: bool,
    record: Path | None,
) -> None:
    """Let bots play in a running world and check everything they are shown."""
    try:
        plan = SwarmPlan(
            url=url,
            bots=bots,
            seconds=seconds,
            ramp_s=ramp_s,
            seed=random.SystemRandom().getrandbits(32) if seed is None else seed,
            brains=dict(brains) or dict(DEFAULT_BRAINS),
            rate_hz=rate_hz,
            think_s=think_s,
            stay_s=stay_s,
            radius=radius,
            subprotocols=FORMATS[format_],
            keeps_diary=record is not None,
        )
    except ValueError as error:
        raise click.UsageError(str(error.args[0])) from None
    if record is not None and processes > 1:
        raise click.UsageError("--record needs all bots in one process: it compares times")
    result = _run(partial(_start, plan, processes), is_silent=as_json)
    if record is not None:
        _keep(result, record)
    report = report_of(result)
    _publish(report, report_file, page_file)
    click.echo(to_json(report).decode() if as_json else to_text(report), nl=not as_json)
    sys.exit(0 if report.verdict == "PASS" else 1)


async def _start(plan: SwarmPlan, processes: int, watch: Progress, stop: trio.Event) -> SwarmResult:
    if processes == 1:
        return await run_swarm(plan, watch, stop=stop)
    return await run_fleet(plan, min(processes, plan.bots), watch, stop=stop)


def _run(start: Start, is_silent: bool) -> SwarmResult:
    console = Console(stderr=True)
    progress: AbstractContextManager[Progress] = (
        nullcontext(SilentProgress()) if is_silent else ConsoleProgress(console)
    )
    outcome = trio.run(_play, start, progress)
    if isinstance(outcome, UnreachableError):
        click.echo(f"Error: {outcome}", err=True)
        sys.exit(2)
    return outcome


async def _play(start: Start, progress: AbstractContextManager[Progress]) -> SwarmResult | UnreachableError:
    stop = trio.Event()
    with progress as watch:
        async with trio.open_nursery() as nursery:
            await nursery.start(_stop_on_interrupt, stop)
            outcome = await _run_or_not(start, watch, stop)
            nursery.cancel_scope.cancel()
    return outcome


async def _run_or_not(start: Start, watch: Progress, stop: trio.Event) -> SwarmResult | UnreachableError:
    try:
        return await start(watch, stop)
    except UnreachableError as error:
        return error


async def _stop_on_interrupt(stop: trio.Event, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    # The first interrupt ends the playing, so that there still is a verdict; the next one ends the process.
    with trio.open_signal_receiver(signal.SIGINT) as signals:
        task_status.started()
        await anext(aiter(signals))
        stop.set()


def _keep(result: SwarmResult, directory: Path) -> None:
    try:
        Diary(result.diary.entries, result.diary.views + result.views()).save(directory)
    except OSError as error:
        click.echo(f"Error: what the bots were told cannot be kept: {error}", err=True)
        sys.exit(2)


def _publish(report: Report, report_file: Path | None, page_file: Path | None) -> None:
    if report_file is not None:
        _write(report_file, to_json(report))
    if page_file is not None:
        _write(page_file, to_html(report).encode())


def _write(path: Path, encoded: bytes) -> None:
    try:
        path.write_bytes(encoded)
    except OSError as error:
        click.echo(f"Error: the report cannot be written: {error}", err=True)
        sys.exit(2)
