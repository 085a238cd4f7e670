"""The operators' commands on who may play: ``ban``, ``unban``, ``bans``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from client_bot.cli import read_duration
from server.cli.answers import ask, json_option, show, store_option
from server.operators import Operators
from shared_state.bans import Ban, read_subject
from shared_state.names import world_name

WHO = "PLAYER|ADDRESS"


@click.command()
@click.argument("who", metavar=WHO)
@click.option("--world", help="WHO is a session, or the name of one, in this world.")
@click.option("--for", "seconds", type=read_duration, metavar="TIME", help="As 30m, 12h or 7d; not given: for good.")
@click.option("--reason", default="", help="Told to the player.")
@store_option
@json_option
def ban(who: str, world: str | None, seconds: float | None, reason: str, store: str, as_json: bool) -> None:
    """Let a player, or whoever comes from an address or network, play no more.

    A player is named by the `sub` of its tokens, or with --world as `inspect` shows it. Players without tokens can be
    banned by address alone.
    """

    async def question(operators: Operators) -> Ban:
        subject = await operators.subject_in(world_name(world), who) if world else read_subject(who)
        return await operators.ban(subject, reason, seconds)

    show([_row(ask(store, question))], as_json)


@click.command()
@click.argument("who", metavar=WHO)
@store_option
@json_option
def unban(who: str, store: str, as_json: bool) -> None:
    """End a ban."""

    async def question(operators: Operators) -> Ban:
        return await operators.lift(read_subject(who))

    show([_row(ask(store, question))], as_json)


@click.command()
@store_option
@json_option
def bans(store: str, as_json: bool) -> None:
    """List the bans."""
    show(map(_row, ask(store, Operators.banned)), as_json)


def _row(found: Ban) -> dict[str, Any]:
    return {"banned": found.subject, "until": _time(found.until_ms), "reason": found.reason}


def _time(until_ms: int) -> str:
    return datetime.fromtimestamp(until_ms / 1000, UTC).isoformat(" ", "seconds") if until_ms else "for good"
