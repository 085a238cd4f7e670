"""Errors that an operator can do something about, as one line and exit code 2."""

from __future__ import annotations

import re
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


def with_settings(settings: type, app: str) -> Callable[[Callable[..., None]], click.Command]:
    """Decorator: a command that gets ``settings``, from files, variables and options.

    Settings are read when the command is made. One that cannot be read is told when this command is run, not when
    another one is.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        try:
            options = ts.click_options(settings, app, converter=_converter())
            with_options = options(function)
        except (ValueError, OSError, ts.exceptions.TsError) as error:
            return _unreadable(function, error)
        return click.command(cls=SettingsCommand)(with_options)

    return decorate


def _converter() -> ts.Converter:
    """Lists in variables have commas: origins and networks are full of colons."""
    converter = ts.converters.get_default_cattrs_converter()
    ts.register_strlist_hook(converter, fn=lambda text: [item.strip() for item in text.split(",") if item.strip()])
    return converter


def _unreadable(function: Callable[..., None], error: Exception) -> click.Command:
    found = re.search(r"Invalid default (.+) for option '([\w.]+)'", str(error))
    text = f"settings cannot be read: {_first(error)}"
    if found:
        text = f"OARLOCK_{found[2].upper().replace('.', '_')} (or a settings file) cannot be {found[1]}"
    # Whatever options are given, this is what is wrong.
    context = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        function.__name__.replace("_", "-"),
        callback=lambda: fail(text),
        context_settings=context,
        help=function.__doc__,
    )


class SettingsCommand(click.Command):
    """A command with typed settings: a value out of bounds, from wherever it comes, is one line too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except ts.exceptions.InvalidSettingsError as error:
            fail(str(_first(error)))


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
