"""Errors of game definitions."""

from server.errors import ServerError


class GameError(ServerError):
    """A game module is not a game, or defines something twice or wrongly; the text says what."""
