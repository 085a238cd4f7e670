"""Where a world stands, as scripts answer it. Pure."""

from __future__ import annotations

from shared_state.errors import WorldGone
from shared_state.names import WorldName
from shared_state.position import NO_STAMP, Head

GONE = b"gone"
"""Stands where the epoch would, when the world was deleted (lua/delete_world.lua)."""


def read_head(world: WorldName, epoch: bytes | None, version: bytes, stamp: bytes) -> Head:
    """The head; epoch empty when there is no such world. Raises: WorldGone."""
    if epoch == GONE:
        raise WorldGone(f"world {world} was deleted")
    return Head(epoch.decode(), int(version), stamp) if epoch else Head("", 0, NO_STAMP)
