"""Where a commit has to be before it is acknowledged: in the primary's memory, with replicas, or on its disk. Pure.

The store is asked with WAIT and WAITAOF, which look at what this connection wrote last. A batch that is sent again
after its answer was lost writes nothing, and the first sending went over another connection; so a mark is written
before the questions, and they are about the mark and all that the server wrote before. (WAITAOF is not asked about
replicas' disks: they tell once a second, and the connection would be blocked for as long.)
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from shared_state.errors import StoreError

ANSWER_WITHIN_MS = 500
"""How long the store may wait; meanwhile it takes nothing else from this connection."""
MARK_KEPT_MS = 10_000
FORMS = "memory, replica, replica:COUNT, disk or disk:REPLICAS"


class Level(enum.Enum):
    """What holds a commit when it is acknowledged."""

    MEMORY = "memory"
    REPLICA = "replica"
    DISK = "disk"


@attrs.frozen
class Durability:
    """A level, and how many replicas have to have a commit in memory."""

    level: Level = Level.MEMORY
    replicas: int = 0

    @classmethod
    def parse(cls, text: str) -> Durability:
        """Such as ``replica:2``; by default one replica, and none beside the disk. Raises: StoreError."""
        name, colon, count = text.partition(":")
        known = {level.value: level for level in Level}
        if name not in known or (colon and not (count.isascii() and count.isdigit())):
            raise StoreError(f"durability {text!r}: it has to be {FORMS}")
        level = known[name]
        replicas = int(count) if colon else int(level is Level.REPLICA)
        if (level is Level.MEMORY and colon) or (level is Level.REPLICA and not replicas):
            raise StoreError(f"durability {text!r}: it has to be {FORMS}")
        return cls(level, replicas)

    def __str__(self) -> str:
        return f"{self.level.value}:{self.replicas}" if self.replicas else self.level.value

    def hold(self, key: str) -> Hold:
        """What is asked after a commit; ``key`` is in the slot of the world."""
        on_disk = Question(("WAITAOF", 1, 0, ANSWER_WITHIN_MS), 1, "disks")
        replicated = Question(("WAIT", self.replicas, ANSWER_WITHIN_MS), self.replicas, "replicas")
        questions = (on_disk,) * (self.level is Level.DISK) + (replicated,) * bool(self.replicas)
        return Hold(("SET", key, "", "PX", MARK_KEPT_MS), questions)


@attrs.frozen
class Question:
    """A command that waits, the least answer that is enough, and of what."""

    command: tuple[str | int, ...]
    enough: int
    of: str

    def shortfall(self, answer: Any) -> str:
        """What an answer lacks; empty: nothing."""
        found = int(answer[0] if isinstance(answer, list) else answer)
        return "" if found >= self.enough else f"only {found} of {self.enough} {self.of} have the commit"


@attrs.frozen
class Hold:
    """A write that only marks a place, and the questions who has it."""

    mark: tuple[str | int, ...]
    questions: tuple[Question, ...]


def check_durability(durability: Durability, fields: dict[str, str]) -> str:
    """Refuses a server that cannot keep a level, by its INFO.

    Returns: a warning; empty: none.

    Raises:
        StoreError: it cannot.
    """
    if durability.level is Level.DISK:
        if _version(fields) < (7, 2):
            raise StoreError("durability disk needs WAITAOF, of Redis 7.2 or later or of Valkey")
        if fields.get("aof_enabled") != "1":
            raise StoreError("durability disk needs a store with appendonly yes (best with appendfsync always)")
    have = int(fields.get("connected_slaves", 0))
    if have < durability.replicas:
        return f"durability {durability}: the store has {have} replicas, so no commit is acknowledged"
    return ""


def _version(fields: dict[str, str]) -> tuple[int, int]:
    """Of the Redis that the server is, or is like."""
    major, minor, *_ = (*fields.get("redis_version", "0").split("."), "0")
    return int(major), int(minor)
