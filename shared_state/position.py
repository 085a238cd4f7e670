"""Where a history stands: positions and heads as values."""

from __future__ import annotations

import attrs

NO_STAMP = bytes(8)


@attrs.frozen
class Position:
    """A point in a world's history: ``version`` counts committed batches within one ``epoch``."""

    epoch: str
    version: int


@attrs.frozen
class Head:
    """The newest position in the store, with the stamp of its batch: two histories that agree here are one."""

    epoch: str
    version: int
    stamp: bytes

    @property
    def position(self) -> Position:
        """The head without its stamp."""
        return Position(self.epoch, self.version)
