"""Checks of what the directory is asked, the same for every implementation. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared_state.directory import MOST_PER_PAGE
from shared_state.directory_entry import MAX_SEATS, NodeEntry, WorldFilter, WorldSpec, encode_metadata
from shared_state.directory_names import NodeName
from shared_state.errors import BadName

MAX_ADDRESS_CHARACTERS = 255
_CURSOR = re.compile(r"([a-z0-9._-]{1,64}):[a-z0-9._-]{1,64}")


def check_count(count: int) -> None:
    """A number of seats to reserve. Raises: ValueError."""
    if not 1 <= count <= MAX_SEATS:
        raise ValueError(f"1 to {MAX_SEATS} seats are reserved at a time, not {count}")


def check_join(spec: WorldSpec, count: int) -> None:
    """A world to join or to make. Raises: ValueError."""
    check_count(count)
    if spec.private:
        raise ValueError("a private world is not joined by kind: each call would make one")
    if count > spec.seats:
        raise ValueError(f"{count} seats do not fit into a world of {spec.seats}")


def check_page(wanted: WorldFilter, cursor: str, limit: int) -> None:
    """A page to list. Raises: ValueError, BadName."""
    if not 1 <= limit <= MOST_PER_PAGE:
        raise ValueError(f"a page has 1 to {MOST_PER_PAGE} entries, not {limit}")
    if not cursor:
        return
    parts = _CURSOR.fullmatch(cursor)
    if parts is None or wanted.kind not in (None, parts[1]):
        raise BadName("the cursor is not from a page of this list")


def node_entry(name: NodeName, address: str, load: Mapping[str, float], draining: bool) -> NodeEntry:
    """What a node says of itself. Raises: ValueError, BadMetadata."""
    if len(address) > MAX_ADDRESS_CHARACTERS:
        raise ValueError(f"a node's address has at most {MAX_ADDRESS_CHARACTERS} characters, not {len(address)}")
    encode_metadata(load)
    return NodeEntry(name, address, dict(load), draining)
