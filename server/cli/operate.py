"""The operators' commands on nodes and worlds: ``nodes``, ``worlds``, ``inspect``, ``kick``, ``drain``."""

from __future__ import annotations

from typing import Any

import attrs
import click

from server.cli.answers import Command, ask, json_option, print_json, show, store_option
from server.config import NodeConfig
from server.game.game import load_game
from server.operators import Operators
from shared_state.directory_names import world_kind
from shared_state.names import world_name


def _game(command: Command) -> Command:
    text = "The game that is played there: module:attribute, or one that ships."
    option = click.option("--game", envvar="OARLOCK_GAME", default=NodeConfig().game, show_default=True, help=text)
    return option(command)


@click.command()
@store_option
@json_option
def nodes(store: str, as_json: bool) -> None:
    """List the nodes that live."""
    found = ask(store, Operators.nodes)
    rows = [
        {"node": entry.name, "address": entry.address, "state": "draining" if entry.draining else "up", **entry.load}
        for entry in found
    ]
    show(rows, as_json)


@click.command()
@click.option("--kind", help="Only worlds of this kind.")
@click.option("--all", "include_private", is_flag=True, help="Private worlds, too.")
@store_option
@json_option
def worlds(kind: str | None, include_private: bool, store: str, as_json: bool) -> None:
    """List the worlds."""

    async def question(operators: Operators) -> list[Any]:
        return await operators.worlds(world_kind(kind) if kind else None, include_private)

    show([attrs.asdict(entry) for entry in ask(store, question)], as_json)


@click.command()
@click.argument("world")
@click.argument("entity", type=click.IntRange(1), required=False)
@_game
@store_option
@json_option
def inspect(world: str, entity: int | None, game: str, store: str, as_json: bool) -> None:
    """Show what is in WORLD, or the fields of one ENTITY of it."""

    async def question(operators: Operators) -> Any:
        played, name = load_game(game), world_name(world)
        return await (operators.entity(name, played, entity) if entity else operators.inspect(name, played))

    found = ask(store, question)
    if as_json:
        print_json(found)
    elif entity:
        show([{"field": name, "value": value} for name, value in found.items()], as_json)
    else:
        click.echo(f"world {found.world}, version {found.version}, epoch {found.epoch}")
        show([{"kind": kind, "entities": count} for kind, count in found.entities.items()], as_json)
        show(found.players, as_json)


@click.command()
@click.argument("world")
@click.argument("who", metavar="SESSION|NAME")
@store_option
@json_option
def kick(world: str, who: str, store: str, as_json: bool) -> None:
    """Put a player out of WORLD; it may join again."""

    async def question(operators: Operators) -> Any:
        return await operators.kick(world_name(world), who)

    show([ask(store, question)], as_json)


@click.command()
@click.argument("node")
@store_option
@json_option
def drain(node: str, store: str, as_json: bool) -> None:
    """Have NODE send its players elsewhere and end."""

    async def question(operators: Operators) -> Any:
        return await operators.drain(node)

    show([{"node": ask(store, question), "state": "asked to drain"}], as_json)
