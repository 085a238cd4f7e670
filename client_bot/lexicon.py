"""Looks names up in a game's schema: kind numbers, places of fields, arguments of commands.

Owns the name tables of one ``Schema``; knows no entity. Invariant: a name the game does not have is answered with None,
so that a behaviour written for one game runs on any other and merely finds nothing.
"""

from __future__ import annotations

import attrs

from server.wire.messages import CommandInfo, FieldInfo, Schema


@attrs.define(eq=False)
class Lexicon:
    """The names of one game, by what they stand for."""

    schema: Schema
    kinds: dict[str, int] = attrs.field(init=False)
    commands: dict[str, CommandInfo] = attrs.field(init=False)
    _places: list[dict[str, int]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.kinds = {kind.name: number for number, kind in enumerate(self.schema.kinds)}
        self.commands = {command.name: command for command in self.schema.commands}
        self._places = [{field.name: place for place, field in enumerate(kind.fields)} for kind in self.schema.kinds]

    def place(self, kind: int, field: str) -> int | None:
        """Where a field's value stands among the values of a kind; None when the kind has no such field."""
        return self._places[kind].get(field) if 0 <= kind < len(self._places) else None

    def width(self, kind: int) -> int | None:
        """How many values an entity of the kind has; None when there is no such kind."""
        return len(self._places[kind]) if 0 <= kind < len(self._places) else None

    def argument(self, command: str, name: str) -> FieldInfo | None:
        """What an argument of a command takes; None when there is no such command or argument."""
        info = self.commands.get(command)
        fields = info.fields if info else []
        return next((field for field in fields if field.name == name), None)
