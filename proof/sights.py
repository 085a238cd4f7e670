"""What the world looks like at a version: do its invariants hold, and was it what bots held of it? Pure.

Versions come in rising order. Invariant: each whole view that is wrong has a flaw; of a bot's other views one has to be
right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

import attrs

from client_bot.diary import View
from proof.flaw import Flaw
from server.game import Game
from server.interest.changes import cell_content, content_digest
from shared_state.cell import CellId
from shared_state.replica import Replica

SHOWN = 3


@attrs.define(eq=False)
class Invariants:
    """The game's invariants, asked at every version. ``broken``: at how many versions each did not hold."""

    game: Game
    versions: int = 0
    broken: Counter[str] = attrs.field(factory=Counter)

    def look(self, replica: Replica) -> Iterator[Flaw]:
        """The first few flaws of each invariant; all are counted."""
        self.versions += 1
        for name, wrong in self.game.broken(replica.values):
            self.broken[name] += 1
            if self.broken[name] <= SHOWN:
                yield Flaw("invariant", f"{name} at version {replica.version}: {wrong}")

    @property
    def counts(self) -> dict[str, int]:
        """Broken versions by invariant, all of the game's."""
        return {invariant.name: self.broken[invariant.name] for invariant in self.game.invariants}


@attrs.define(eq=False)
class Views:
    """The views of bots, each compared when the world is at its version."""

    game: Game
    _due: dict[tuple[str, int], list[View]] = attrs.field(factory=lambda: defaultdict(list))
    _right: set[str] = attrs.field(factory=set)
    _wrong: dict[str, str] = attrs.field(factory=dict)
    """What is wrong with views that may be torn, by bot: it counts if none of the bot's was right."""

    def expect(self, views: Iterable[View]) -> None:
        """Adds views that are to be compared."""
        for view in views:
            self._due[view.epoch, view.version].append(view)

    def look(self, replica: Replica) -> Iterator[Flaw]:
        """Compares those of this version. Returns: the whole ones that are wrong."""
        for view in self._due.pop((replica.epoch, replica.version), ()):
            cells = [cell for cell, digest in view.cells.items() if self._digest(replica, cell) != digest]
            text = f"{_whose(view)} what the log does not give: cells {', '.join(map(str, cells))}"
            if cells:
                yield from self._blame(view, text)
            elif not view.is_whole:
                self._right.add(view.bot)

    def flaws(self) -> Iterator[Flaw]:
        """What is wrong besides, once all versions were looked at."""
        for view in chain.from_iterable(self._due.values()):
            yield from self._blame(view, f"{_whose(view)} what never was: there is no such version")
        yield from (Flaw("view", text) for bot, text in self._wrong.items() if bot not in self._right)

    def _blame(self, view: View, text: str) -> Iterator[Flaw]:
        if view.is_whole:
            yield Flaw("view", text)
        else:
            self._wrong[view.bot] = text

    def _digest(self, replica: Replica, cell: int) -> int:
        return content_digest(cell_content(replica, CellId(cell), frozenset(self.game.secret_kinds)))


def _whose(view: View) -> str:
    return f"{view.bot} on {view.node} held at version {view.version} of {view.epoch}"
