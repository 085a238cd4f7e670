"""The operators' commands: ``nodes``, ``worlds``, ``inspect``, ``kick``, ``drain``; tables, or JSON for machines."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import attrs
import click
import msgspec
import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.cli.failures import run
from server.config import NodeConfig
from server.game.game import load_game
from server.logs import configure_logs
from server.operators import Operators
from shared_state.directory_names import world_kind
from shared_state.names import world_name
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.store import open_store

T = TypeVar("T")
Command = Callable[..., None]


def _store(command: Command) -> Command:
    text = "URL of the store, as of ``serve``."
    option = click.option("--store", envvar="OARLOCK_STORE", default=NodeConfig().store, show_default=True, help=text)
    return option(command)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _game(command: Command) -> Command:
    text = "The game that is played there: module:attribute, or one that ships."
    option = click.option("--game", envvar="OARLOCK_GAME", default=NodeConfig().game, show_default=True, help=text)
    return option(command)


@click.command()
@_store
@_json
def nodes(store: str, as_json: bool) -> None:
    """List the nodes that live."""
    found = _ask(store, Operators.nodes)
    rows = [
        {"node": entry.name, "address": entry.address, "state": "draining" if entry.draining else "up", **entry.load}
        for entry in found
    ]
    _show(rows, as_json)


@click.command()
@click.option("--kind", help="Only worlds of this kind.")
@click.option("--all", "include_private", is_flag=True, help="Private worlds, too.")
@_store
@_json
def worlds(kind: str | None, include_private: bool, store: str, as_json: bool) -> None:
    """List the worlds."""

    async def ask(operators: Operators) -> list[Any]:
        return await operators.worlds(world_kind(kind) if kind else None, include_private)

    _show([attrs.asdict(entry) for entry in _ask(store, ask)], as_json)


@click.command()
@click.argument("world")
@click.argument("entity", type=click.IntRange(1), required=False)
@_game
@_store
@_json
def inspect(world: str, entity: int | None, game: str, store: str, as_json: bool) -> None:
    """Show what is in WORLD, or the fields of one ENTITY of it."""

    async def ask(operators: Operators) -> Any:
        played, name = load_game(game), world_name(world)
        return await (operators.entity(name, played, entity) if entity else operators.inspect(name, played))

    found = _ask(store, ask)
    if as_json:
        _print_json(found)
    elif entity:
        _show([{"field": name, "value": value} for name, value in found.items()], as_json)
    else:
        click.echo(f"world {found.world}, version {found.version}, epoch {found.epoch}")
        _show([{"kind": kind, "entities": count} for kind, count in found.entities.items()], as_json)
        _show(found.players, as_json)


@click.command()
@click.argument("world")
@click.argument("who", metavar="SESSION|NAME")
@_store
@_json
def kick(world: str, who: str, store: str, as_json: bool) -> None:
    """Put a player out of WORLD; it may join again."""

    async def ask(operators: Operators) -> Any:
        return await operators.kick(world_name(world), who)

    _show([_ask(store, ask)], as_json)


@click.command()
@click.argument("node")
@_store
@_json
def drain(node: str, store: str, as_json: bool) -> None:
    """Have NODE send its players elsewhere and end."""

    async def ask(operators: Operators) -> Any:
        return await operators.drain(node)

    _show([{"node": _ask(store, ask), "state": "asked to drain"}], as_json)


def _ask(url: str, question: Callable[[Operators], Awaitable[T]]) -> T:
    configure_logs(as_json=False)
    # What went well is no news to who asked for an answer.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return run(partial(_ask_store, url, question))


async def _ask_store(url: str, question: Callable[[Operators], Awaitable[T]]) -> T:
    async with open_store(url, client_name="oarlock-operator") as store:
        return await question(Operators(store, RedisDirectory(store.topology)))


def _show(rows: Iterable[Any], as_json: bool) -> None:
    records: list[dict[str, Any]] = [msgspec.to_builtins(row) for row in rows]
    if as_json:
        _print_json(records)
        return
    table = Table(box=None, pad_edge=False)
    for column in dict.fromkeys(name for record in records for name in record):
        table.add_column(column.replace("_", " "), overflow="fold")
    for record in records:
        # As plain text: what players are called is no markup.
        table.add_row(*(Text(_cell(record.get(str(column.header).replace(" ", "_")))) for column in table.columns))
    Console().print(table if records else "none")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
