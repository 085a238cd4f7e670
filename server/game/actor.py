"""Who acts in a rule."""

from __future__ import annotations

import attrs

from shared_state.entity import EntityId
from shared_state.names import SessionId


@attrs.frozen
class Actor:
    """Who acts: a player's session, the avatar it controls, its name, the node that serves it (empty: none does)."""

    session: SessionId
    entity: EntityId
    name: str
    node: str = ""
