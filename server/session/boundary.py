"""The one place where any error of a game or of a player's connection is caught.

A rule is other people's code, and a client may find a fault that no one foresaw: neither may take down the node or
disturb another player. Everything else in Oarlock lets unexpected errors through.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import structlog

log = structlog.get_logger()


class Boundary:
    """A context that logs and swallows every ``Exception``, groups of them included, but for ``let_through``.

    It has no state, so it may be entered again and again.

    Args:
        where: tells what is logged with the error; asked for only then.
        context: logged with it as well.
    """

    def __init__(
        self,
        let_through: type[Exception] | None = None,
        where: Callable[[], dict[str, str]] = dict,
        **context: object,
    ) -> None:
        self._let_through = let_through
        self._where = where
        self._context = context

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if error is None:
            return False
        if not isinstance(error, Exception) or (self._let_through and isinstance(error, self._let_through)):
            return False
        log.error("contained failure", exc_info=error, **self._context, **self._where())
        return True
