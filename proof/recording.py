"""A run as evidence: the world before and after, the log in between, the bots' diary. In memory, and in a directory.

Invariant: what was saved is loaded equal; anything else in a directory raises UnreadableRecording.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import msgspec

from client_bot.diary import Diary, load_diary
from proof.state import WorldState
from server.errors import UsageError

LOG, WORLD = "log.msgpack", "world.msgpack"


class UnreadableRecording(UsageError):
    """A directory that holds no recording, or a damaged one; the text says what."""


@attrs.frozen
class Recording:
    """Evidence on one world. ``log``: deltas as stored, oldest first, from ``begin`` to ``end``."""

    begin: WorldState
    end: WorldState
    log: list[bytes]
    diary: Diary = attrs.field(factory=Diary)

    def save(self, directory: Path) -> None:
        """Writes it. Raises: OSError."""
        self.diary.save(directory)
        (directory / LOG).write_bytes(msgspec.msgpack.encode(self.log))
        (directory / WORLD).write_bytes(msgspec.msgpack.encode((self.begin, self.end)))


def load(directory: Path) -> Recording:
    """A saved recording. Raises: UnreadableRecording."""
    try:
        return _load(directory)
    except OSError as error:
        raise UnreadableRecording(f"{directory} holds no recording: {error.strerror}: {error.filename}") from None
    except msgspec.MsgspecError as error:
        raise UnreadableRecording(f"{directory} holds a damaged recording: {error}") from None


def load_diary_alone(directory: Path) -> Diary:
    """What bots wrote into a directory, without a log. Raises: UnreadableRecording."""
    try:
        return load_diary(directory)
    except OSError as error:
        raise UnreadableRecording(f"{directory} holds no diary: {error.strerror}: {error.filename}") from None
    except msgspec.MsgspecError as error:
        raise UnreadableRecording(f"{directory} holds a damaged diary: {error}") from None


def _load(directory: Path) -> Recording:
    begin, end = msgspec.msgpack.decode((directory / WORLD).read_bytes(), type=tuple[WorldState, WorldState])
    log = msgspec.msgpack.decode((directory / LOG).read_bytes(), type=list[bytes])
    return Recording(begin, end, log, load_diary(directory))
