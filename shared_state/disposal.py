"""Ends worlds that were empty for too long: those that the directory names lose their keys, then the names are free.

Must not know: who plays. Invariant: a name is given again only when nothing of its world is left.
"""

from __future__ import annotations

from shared_state.directory import Directory
from shared_state.names import WorldName
from shared_state.store import Store


async def dispose(directory: Directory, store: Store) -> list[WorldName]:
    """Deletes what the directory's sweep finds; any node may call it, every few seconds.

    Returns: the worlds that ended. What a failing call leaves is found again by one after ``GONE_RETRY_S``.

    Raises:
        StoreError: the directory or the store does not answer, or refuses.
    """
    names = await directory.sweep()
    for name in names:
        await store.delete_world(name)
        # One by one: a name that is free may be in use again before the next one is.
        await directory.forget([name])
    return names
