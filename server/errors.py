"""Errors of the server package, one tree; the command line turns them into one line and exit code 2."""


class ServerError(Exception):
    """Base of all errors of this package."""


class UsageError(ServerError):
    """What the operator asked for cannot be done: a bad option, a port in use, a missing binary, no store."""


class WorldUnavailable(ServerError):
    """A world could not be opened on this node; the text says why."""
