"""Entities as a replica holds them, and the tags that tell one state of an entity from another."""

from __future__ import annotations

from typing import NewType

import attrs

from shared_state.cell import CellId
from shared_state.schema import Kind

EntityId = NewType("EntityId", int)
Tag = NewType("Tag", bytes)

NO_TAG = Tag(bytes(8))
"""The tag of what does not exist, or of a cell that never changed."""

_COUNTER_BITS = 23
_BLIND = 1 << 63
_SPARE = 1 << 20
MAX_INCARNATION = (1 << 40) - 1


@attrs.define(eq=False)
class Entity:
    """One entity of a replica. Changed in place, and only by deltas.

    ``tag`` names the transaction that wrote it last, ``version`` the batch that it was part of; ``arrived`` the version
    in which it came into its cell.
    """

    id: EntityId
    tag: Tag
    value: Kind
    cell: CellId
    version: int
    arrived: int


def incarnation_of(tag: Tag) -> int:
    """Who made a tag."""
    return (int.from_bytes(tag, "big") & ~_BLIND) >> _COUNTER_BITS


class TagMaker:
    """Makes tags that no other writer makes: 40 bits of incarnation and 23 bits of count.

    Args:
        incarnation: the store's number for this writer, below 2**40, never given twice.
    """

    def __init__(self, incarnation: int) -> None:
        self._next = (incarnation << _COUNTER_BITS) + 1
        self._end = (incarnation + 1) << _COUNTER_BITS

    def exhausted(self) -> bool:
        """The tags left would not do for one more batch: the writer must attach anew."""
        return self._next + _SPARE >= self._end

    def make(self) -> Tag:
        """A tag never made before."""
        tag = self._next
        self._next = tag + 1
        return Tag(tag.to_bytes(8, "big"))


def blind(tag: Tag) -> Tag:
    """The tag that an ``add`` leaves when it met another state than its writer saw: no later reader can match it."""
    return Tag((int.from_bytes(tag, "big") | _BLIND).to_bytes(8, "big"))
