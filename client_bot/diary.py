"""What bots were told: every answer, and the views that they held at the end, for a verifier to hold against the log.

Values, and how they are kept in a file. Times are seconds on the clock of ``trio.current_time``: those of bots of one
machine can be compared.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import msgspec

FILE = "diary.msgpack"


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A command and its answer.

    ``code``: why it was refused; empty: it took effect. ``version``, ``epoch``: where the answer says that the world
    stood. ``again``: the session was resumed between the two, so the version is one at or after the commit. ``seen``:
    the version of the bot's view when the answer came.
    """

    session: str
    seq: int
    command: str
    sent_s: float
    answered_s: float
    code: str
    epoch: str
    version: int
    node: str
    again: bool
    seen: int


class View(msgspec.Struct, array_like=True, frozen=True):
    """What a bot held at one moment: the digest of each cell in view.

    ``is_whole``: it is surely of one version. Others may have been copied between two messages of one flush.
    """

    bot: str
    node: str
    epoch: str
    version: int
    cells: dict[int, int]
    is_whole: bool = False


@attrs.frozen
class Diary:
    """Of a whole swarm. ``views``: each that is whole has to be right; of a bot's others, one."""

    entries: list[Entry] = attrs.field(factory=list)
    views: list[View] = attrs.field(factory=list)

    def save(self, directory: Path) -> None:
        """Writes it into a directory, which is made. Raises: OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / FILE).write_bytes(msgspec.msgpack.encode((self.entries, self.views)))


def load_diary(directory: Path) -> Diary:
    """The diary in a directory. Raises: OSError, msgspec.MsgspecError."""
    entries, views = msgspec.msgpack.decode((directory / FILE).read_bytes(), type=tuple[list[Entry], list[View]])
    return Diary(entries, views)
