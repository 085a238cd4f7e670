"""How an operator's command asks the store and shows the answer: a table, or JSON for machines."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import click
import msgspec
import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.cli.failures import run
from server.config import NodeConfig
from server.logs import configure_logs
from server.operators import Operators
from shared_state.redis.bans import RedisBans
from shared_state.redis.directory import RedisDirectory
from shared_state.redis.store import open_store

T = TypeVar("T")
Command = Callable[..., None]


def store_option(command: Command) -> Command:
    """Decorator: ``store``, a URL."""
    text = "URL of the store, as of ``serve``."
    option = click.option("--store", envvar="OARLOCK_STORE", default=NodeConfig().store, show_default=True, help=text)
    return option(command)


def json_option(command: Command) -> Command:
    """Decorator: ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def ask(url: str, question: Callable[[Operators], Awaitable[T]]) -> T:
    """The answer to a question about the fleet of a store; what keeps it from being had ends the process."""
    configure_logs(as_json=False)
    # What went well is no news to who asked for an answer.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return run(partial(_ask_store, url, question))


async def _ask_store(url: str, question: Callable[[Operators], Awaitable[T]]) -> T:
    async with open_store(url, client_name="oarlock-operator") as store:
        return await question(Operators(store, RedisDirectory(store.topology), RedisBans(store.topology)))


def show(rows: Iterable[Any], as_json: bool) -> None:
    """Prints records: as a list, or as a table whose columns are their fields."""
    records: list[dict[str, Any]] = [msgspec.to_builtins(row) for row in rows]
    if as_json:
        print_json(records)
        return
    table = Table(box=None, pad_edge=False)
    for place, column in enumerate(dict.fromkeys(name for record in records for name in record)):
        # The first is what other commands are told, so it stays in one piece.
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=place == 0)
    for record in records:
        # As plain text: what players are called is no markup.
        table.add_row(*(Text(_cell(record.get(str(column.header).replace(" ", "_")))) for column in table.columns))
    Console().print(table if records else "none")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def print_json(value: Any) -> None:
    """Prints a value."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
