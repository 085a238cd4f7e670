"""Actions: commands that take time and need something for themselves meanwhile.

How it works: the command's rule runs and is answered like any other; it says whether the action may begin. Then the
node takes a lease in the action's name, waits, and runs the finishing rule in a commit that depends on the lease: it
takes effect only if nobody else can have held the lease in between. The player goes on commanding all the while. If the
lease is not free, or the action is no longer ``still`` on, or the finishing rule refuses, the lease is let go and
``otherwise`` runs. If the node dies the lease runs out, and if the player goes away the action is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from server.game.actor import Actor
from shared_state.entity import EntityId
from shared_state.outcome import Rejection
from shared_state.schema import Kind
from shared_state.transaction import Transaction

Look: TypeAlias = Callable[[EntityId], Kind | None]
"""What an entity is right now on this node, None when there is none; for hints, not for decisions."""

Ending: TypeAlias = Callable[[Transaction, Actor, Any], Rejection | None]


@attrs.frozen
class Action:
    """How a command goes on after its rule has let it begin.

    Args:
        command: name of the command.
        seconds: how long it takes.
        lease: from a command to the name of what it needs for itself (``[a-z0-9._-]``, at most 48 characters).
        still: ``still(look, actor, command)``: whether it is still on; asked several times a second.
        finish: ``finish(tx, actor, command)``: what it brings; returns a Rejection or None.
        otherwise: ``otherwise(tx, actor, command)``: what happens when it came to nothing.
    """

    command: str
    seconds: float
    lease: Callable[[Any], str]
    still: Callable[[Look, Actor, Any], bool]
    finish: Ending
    otherwise: Ending
