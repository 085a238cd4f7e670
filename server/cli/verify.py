"""The command ``oarlock verify``: holds a recording, or a world in a store, against the promises."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import trio

from client_bot.cli import read_duration
from client_bot.diary import Diary
from client_bot.report import Report, to_json
from proof.judgement import report_on
from proof.log_tail import LogTail
from proof.recording import Recording, load, load_diary_alone
from proof.verifier import verify as verify_recording
from server.cli.failures import run
from server.cli.verdict import conclude
from server.errors import UsageError
from server.game import Game
from server.game.game import load_game
from shared_state.names import WorldName, world_name
from shared_state.redis.store import open_store


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--store", "store_url", default="", help="URL of a store: verify a world as it is there now.")
@click.option("--world", default="bay", show_default=True, help="That world.")
@click.option(
    "--for", "seconds", type=read_duration, default="5s", metavar="TIME", show_default=True, help="Watch it so long."
)
@click.option("--game", "game_path", default="flotsam", show_default=True, help="The game that was played.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report here.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
def verify(
    directory: Path | None,
    store_url: str,
    world: str,
    seconds: float,
    game_path: str,
    report_file: Path | None,
    as_json: bool,
) -> None:
    """Check a run recorded in DIRECTORY, or a world in a store, with what bots recorded in DIRECTORY if it is given."""
    game, evidence = run(partial(_gather, directory, store_url, world, seconds, game_path))
    report = report_on(evidence, verify_recording(evidence, game))
    conclude(report, report_file, to_json(report).decode().rstrip() if as_json else _to_text(evidence, report))


async def _gather(
    directory: Path | None, store_url: str, world: str, seconds: float, game_path: str
) -> tuple[Game, Recording]:
    game = load_game(game_path)
    if store_url:
        diary = load_diary_alone(directory) if directory else Diary()
        return game, await _read_store(store_url, world_name(world), game, seconds, diary)
    if directory is None:
        raise UsageError("nothing to verify: name a directory that a run was recorded in, or a --store")
    return game, load(directory)


async def _read_store(url: str, world: WorldName, game: Game, seconds: float, diary: Diary) -> Recording:
    async with open_store(url, client_name="oarlock-verify") as store:
        if not (await store.head(world)).epoch:
            raise UsageError(f"there is no world {world!r} in this store")
        tail = LogTail(store, world, game)
        await tail.start()
        with trio.move_on_after(seconds):
            await tail.follow()
        return Recording(tail.begin, await tail.finish(), tail.payloads, diary)


def _to_text(evidence: Recording, report: Report) -> str:
    begin, end, diary = evidence.begin, evidence.end, evidence.diary
    wrong = sum(map(bool, report.invariants.values()))
    lines = [
        f"world      {end.world}, versions {begin.version + 1} to {end.version} of epoch {end.epoch}",
        f"log        {report.replayed} rules run again; {len(report.invariants)} invariants at "
        f"{report.versions_checked} versions, {wrong} broken",
        f"promises   {len(diary.entries)} answers, {report.commands.acknowledged} of them commits; "
        f"{len(diary.views)} views",
        *(f"! {reason}" for reason in report.reasons),
        report.verdict,
    ]
    return "\n".join(lines)
