"""Errors that an operator can do something about, as one line and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import click
import trio
import typed_settings as ts

from server.errors import ServerError
from shared_state.errors import SharedStateError

T = TypeVar("T")


def run(task: Callable[[], Awaitable[T]]) -> T:
    """Runs a Trio program. A known error, or Ctrl-C, ends the process instead of a traceback."""
    try:
        return trio.run(task)
    except* (ServerError, SharedStateError, OSError) as group:
        fail(str(_first(group)))
    except* KeyboardInterrupt:
        sys.exit(130)


def fail(text: str) -> NoReturn:
    """Says what is wrong and exits with 2."""
    click.echo(f"oarlock: {' '.join(text.split())}", err=True)
    sys.exit(2)


class SettingsCommand(click.Command):
    """A command with typed settings: a value out of bounds, from wherever it comes, is one line too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except ts.exceptions.InvalidSettingsError as error:
            fail(str(_first(error)))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
