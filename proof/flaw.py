"""What a verifier finds wrong, in plain words, with the shortest excerpt of the log that shows it. Values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from server.session.cause import Cause, UnreadableCause, read_cause
from shared_state.delta import Delta, Record

What = Literal[
    "broken log", "lost", "doubled", "out of order", "stale read", "fence", "not serial", "invariant", "state", "view",
    "unreadable",
]  # fmt: skip


@attrs.frozen
class Flaw:
    """One thing that is wrong. ``excerpt``: lines of the log."""

    what: What
    text: str
    excerpt: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n    ".join([f"{self.what}: {self.text}", *self.excerpt])


@attrs.frozen
class Place:
    """Where a record stands in the log: versions count commits, ``place`` the records of one from 0."""

    version: int
    place: int
    record: Record
    cause: Cause | None
    """None: nothing that can be read."""

    @property
    def order(self) -> tuple[int, int]:
        """Sorts records as the log does."""
        return self.version, self.place

    @property
    def deed(self) -> str:
        """What was done."""
        return f"{self.cause.what} {self.cause.rule}".rstrip() if self.cause else "a change"

    def __str__(self) -> str:
        record = self.record
        who = f"{record.session} #{record.seq}" if record.session else "nobody"
        ids = [write.id for write in record.writes] + [added.id for added in record.added]
        written = ", ".join(map(str, ids)) or "nothing"
        return f"version {self.version}.{self.place}: {self.deed} by {who}, writes {written}"


def places(log: list[Delta]) -> Iterator[Place]:
    """Every record of a log, in order."""
    for delta in log:
        for place, record in enumerate(delta.records):
            yield Place(delta.version, place, record, _cause_of(record))


def _cause_of(record: Record) -> Cause | None:
    try:
        return read_cause(record.cause)
    except UnreadableCause:
        return None
