"""The guards of a node that a verdict has to miss, each with what takes it out of the code of a process.

Invariant: a guard that is not found where it is expected is an error, not a node with all of its guards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import attrs

from server.game import Actor, Command, Rejection, Transaction
from server.games.flotsam import game
from server.games.flotsam.world import Boat
from shared_state.delta import Delta
from shared_state.redis import scripts
from shared_state.replica import Fit, Replica


def _without(script: scripts.Script, anchor: str, instead: str) -> scripts.Script:
    """The script with one place changed. Raises: ValueError, when the anchor is not there exactly once."""
    text = script.text.decode()
    if text.count(anchor) != 1:
        raise ValueError(f"{anchor!r} stands {text.count(anchor)} times in the commit script")
    changed = text.replace(anchor, instead).encode()
    return scripts.Script(changed, hashlib.sha1(changed, usedforsecurity=False).hexdigest())


def _judge_each(anchor: str, instead: str) -> None:
    """Every batch is judged step by step, by a script with one place changed."""
    scripts.COMMIT_EACH = _without(scripts.COMMIT_EACH, anchor, instead)
    scripts.COMMIT_WHOLE = _without(
        scripts.COMMIT_WHOLE,
        "local version = meta[2]\n",
        "if true then return {'DOUBT'} end\nlocal version = meta[2]\n",
    )


def ignore_tags() -> None:
    """What a transaction has read may have changed."""
    _judge_each("~= batch[i + 1] then code = 'R' end", "~= batch[i + 1] then code = 'C' end")


def ignore_sequence() -> None:
    """Any node may write for a session, any number, at any time."""
    _judge_each("if session > 0 and (sessions[session] or '') ~= batch[at + 1] then", "if false then")


def ignore_leases() -> None:
    """Who lost a lease may write under it."""
    _judge_each("if tokens[batch[i]] ~= batch[i + 1] then return 'G' end", "")


def ignore_gaps() -> None:
    """A replica takes a delta too far ahead for the next one."""
    fit = Replica.fit

    def careless(self: Replica, delta: Delta) -> Fit:
        found = fit(self, delta)
        return Fit.NEXT if found is Fit.GAP else found

    Replica.fit = careless  # type: ignore[method-assign]


def mint_gold() -> None:
    """Whoever picks up a crate finds a coin that nobody minted."""
    spec = game.commands["grab"]

    def generous(tx: Transaction, actor: Actor, command: Command) -> Rejection | None:
        refusal: Rejection | None = spec.rule(tx, actor, command)
        boat = tx.get(actor.entity, Boat)
        if refusal is None and boat is not None:
            tx.patch(actor.entity, gold=boat.gold + 1)
        return refusal

    rule: Any = generous
    game.commands["grab"] = attrs.evolve(spec, rule=rule)


GUARDS: dict[str, Callable[[], None]] = {
    "tag-check": ignore_tags,
    "sequence": ignore_sequence,
    "fence": ignore_leases,
    "gap-check": ignore_gaps,
    "conservation": mint_gold,
}

SHOWN_BY: dict[str, tuple[str, ...]] = {
    "tag-check": (),
    "sequence": ("link-mute",),
    "fence": ("link-mute",),
    "gap-check": ("delta-drop",),
    "conservation": (),
}
"""The faults under which a guard is missed."""
