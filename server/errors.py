"""Errors of the server package, one tree; the command line turns them into one line and exit code 2."""

from server.wire import close_codes


class ServerError(Exception):
    """Base of all errors of this package."""


class UsageError(ServerError):
    """What the operator asked for cannot be done: a bad option, a port in use, a missing binary, no store."""


class WorldUnavailable(ServerError):
    """A world could not be opened on this node; the text says why.

    Args:
        close_code: what its players' connections are closed with.
    """

    def __init__(self, text: str, close_code: int = close_codes.STORE_AWAY) -> None:
        super().__init__(text)
        self.close_code = close_code
