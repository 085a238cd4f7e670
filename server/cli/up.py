"""The command ``oarlock up``: a whole game on this machine, with bots, judged at the end."""

from __future__ import annotations

import random
import signal
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path

import attrs
import click
import trio
from rich.console import Console

from client_bot.cli import read_duration
from client_bot.plan import SwarmPlan
from client_bot.progress import ConsoleProgress, Progress, SilentProgress
from client_bot.report import Report, to_text
from client_bot.result import SwarmResult
from client_bot.swarm import run_swarm
from proof.recorder import recording
from server.cli.failures import run
from server.cli.verdict import conclude
from server.game.game import load_game
from server.launch.cluster import MAX_NODES, Cluster, ClusterPlan, open_cluster
from server.launch.demo import demo_controls
from server.launch.inspection import Inspection
from server.launch.ports import LOOPBACK, is_loopback
from server.logs import configure_logs
from shared_state.names import WorldName, world_name

FOREVER_S = 1e9


@attrs.frozen(kw_only=True)
class Show:
    """What plays in the cluster.

    ``seconds`` None: until Ctrl-C. ``record``: keep the evidence in this directory.
    """

    bots: int
    world: WorldName
    seconds: float | None
    seed: int
    rate_hz: float
    record: Path | None


@click.command()
@click.option("--nodes", type=click.IntRange(1, MAX_NODES), default=2, show_default=True, help="How many nodes.")
@click.option("--bots", type=click.IntRange(0, 5000), default=20, show_default=True, help="How many bots play.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--world", default="bay", show_default=True, help="World that the bots play in.")
@click.option("--for", "seconds", type=read_duration, metavar="TIME", help="Stop and judge after this time.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here.")
@click.option("--html", "page_file", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a page here.")
@click.option("--seed", type=int, help="Seed of the bots; random when not given.")
@click.option(
    "--rate", "rate_hz", type=click.FloatRange(0.1), default=10.0, show_default=True, help="Commands/s of a bot."
)
@click.option("--store", "store_url", default="", help="A store that runs already; none: an embedded one.")
@click.option("--game", default="flotsam", show_default=True, help="The game: module:attribute, or one that ships.")
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Keep the processes' logs here.")
@click.option(
    "--record", type=click.Path(path_type=Path, file_okay=False), help="Keep the evidence here, for `oarlock verify`."
)
def up(
    nodes: int,
    bots: int,
    port: int,
    host: str,
    world: str,
    seconds: float | None,
    report_file: Path | None,
    page_file: Path | None,
    seed: int | None,
    rate_hz: float,
    store_url: str,
    game: str,
    logs: Path | None,
    record: Path | None,
) -> None:
    """Start a store, nodes, HAProxy and bots; Ctrl-C stops everything."""
    configure_logs(as_json=False)
    plan = ClusterPlan(nodes=nodes, host=host, port=port, store_url=store_url, game=game, log_directory=logs)
    if record is not None and (seconds is None or not bots):
        raise click.UsageError("--record needs bots, and a time to play: --for")
    chosen = random.SystemRandom().getrandbits(32) if seed is None else seed
    report = run(partial(_up, plan, world, bots, seconds, chosen, rate_hz, record))
    if report is not None:
        conclude(report, report_file, to_text(report), page_file)


async def _up(
    plan: ClusterPlan,
    world: str,
    bots: int,
    seconds: float | None,
    seed: int,
    rate_hz: float,
    record: Path | None,
) -> Report | None:
    """Runs it all. Returns: the report, if bots played for the time given."""
    show = Show(bots=bots, world=world_name(world), seconds=seconds, seed=seed, rate_hz=rate_hz, record=record)
    game = load_game(plan.game)
    report: Report | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(_stop_on_signal, nursery.cancel_scope)
        async with AsyncExitStack() as stack:
            # A run that is judged at its end is left alone.
            has_demo = show.seconds is None and is_loopback(plan.host)
            listeners = await trio.open_tcp_listeners(0, host=LOOPBACK) if has_demo else []
            for listener in listeners:
                plan = attrs.evolve(plan, demo_port=listener.socket.getsockname()[1])
            cluster = await stack.enter_async_context(open_cluster(plan))
            inspection = Inspection(cluster, show.world, game)
            if has_demo:
                await stack.enter_async_context(demo_controls(cluster, inspection.audit, listeners))
            _announce(cluster, show)
            report = await _play(show, inspection)
        nursery.cancel_scope.cancel()
    return report


async def _play(show: Show, inspection: Inspection) -> Report | None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inspection.watch)
        result = await _have_bots_play(show, inspection)
        nursery.cancel_scope.cancel()
    return None if result is None else inspection.complete(result)


async def _have_bots_play(show: Show, inspection: Inspection) -> SwarmResult | None:
    if not show.bots:
        await trio.sleep(FOREVER_S if show.seconds is None else show.seconds)
        return None
    plan = SwarmPlan(
        url=inspection.cluster.socket_url(show.world),
        bots=show.bots,
        seconds=FOREVER_S if show.seconds is None else show.seconds,
        ramp_s=min(show.bots / 50, 10.0),
        seed=show.seed,
        rate_hz=show.rate_hz,
        resumes=True,
        keeps_diary=show.record is not None,
    )
    with _progress(show) as watch:
        if show.record is None:
            return await run_swarm(plan, watch, inspect=inspection.inspect)
        return await _record(show.record, plan, inspection, watch)


async def _record(directory: Path, plan: SwarmPlan, inspection: Inspection, watch: Progress) -> SwarmResult:
    async with recording(inspection.cluster.store_url, inspection.world, inspection.game) as recorder:
        result = await run_swarm(plan, watch, inspect=recorder.around(inspection.inspect))
    recorder.recording(result).save(directory)
    return result


def _progress(show: Show) -> AbstractContextManager[Progress]:
    """Live on a terminal; plain lines only for a run that ends, so that an endless one does not fill a log."""
    console = Console(stderr=True)
    if console.is_terminal or show.seconds is not None:
        return ConsoleProgress(console)
    return nullcontext(SilentProgress())


def _announce(cluster: Cluster, show: Show) -> None:
    nodes = ", ".join(f"{node.name} :{node.port}" for node in cluster.nodes)
    click.echo(f"\n  Oarlock is up: {cluster.page}\n")
    click.echo(f"  {len(cluster.nodes)} nodes ({nodes}) behind HAProxy, {show.bots} bots in world {show.world!r}.")
    if cluster.store_pid:  # One that was given may have a password in its address, and is known.
        click.echo(f"  What operators ask: oarlock nodes --store {cluster.store_url}")
    click.echo("  Ctrl-C stops everything.\n")


async def _stop_on_signal(
    scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        await anext(aiter(signals))
        click.echo("stopping ...")
        scope.cancel()
