"""What an operator can set: defaults here, then a TOML file, then ``OARLOCK_*`` variables, then options."""

from __future__ import annotations

from typing import Any

import attrs
import click
import typed_settings as ts

from shared_state.committer import CommitLimits

LONG_S = 1e6


def _bounded(default: float, low: float, high: float, text: str) -> Any:
    """An option from ``low`` to ``high``: click explains a breach to the operator, the validator catches the rest."""

    def check(_settings: object, attribute: attrs.Attribute[float], value: float) -> None:
        if not low <= value <= high:
            raise ValueError(f"{attribute.name} is {value}: it must be from {low:g} to {high:g}")

    bounds = click.IntRange(int(low), int(high)) if isinstance(default, int) else click.FloatRange(low, high)
    return ts.option(default=default, validator=check, help=text, click={"type": bounds})


@ts.settings(frozen=True)
class WorldConfig:
    """How this node serves worlds."""

    flush_hz: float = _bounded(20.0, 0.1, 1000, "Most updates a second to each client.")
    commit_pause_s: float = _bounded(0.010, 0, 1, "Longest wait for more commands before a commit, under load.")
    digest_every_s: float = _bounded(2.0, 0, LONG_S, "How often clients are sent content checks.")
    slow_limit_s: float = _bounded(10.0, 0, LONG_S, "How long a client may fail to read before it is closed.")
    join_limit_s: float = _bounded(8.0, 0, LONG_S, "How long a connection may take to join.")
    grace_s: float = _bounded(15.0, 0.0, 3600.0, "How long a player may be away before the avatar leaves the world.")
    linger_s: float = _bounded(5.0, 0, LONG_S, "How long a world stays open after its last local player.")
    log_length: int = _bounded(10_000, 1, 1e9, "Versions kept in a world's log (about).")

    def commit_limits(self) -> CommitLimits:
        """The committer's bounds."""
        return CommitLimits(pause_s=self.commit_pause_s, log_length=self.log_length)


@ts.settings(frozen=True)
class NodeConfig:
    """One node."""

    name: str = ts.option(default="node", help="Name of this node, shown to players.")
    bind: str = ts.option(default="127.0.0.1:8000", help="Address and port to listen on.")
    store: str = ts.option(default="redis://127.0.0.1:6379/0", help="URL of the store.")
    game: str = ts.option(default="flotsam", help="The game: module:attribute, or one that ships.")
    origins: tuple[str, ...] = ts.option(default=(), help="Origins that browsers may connect from; none: all.")
    log_json: bool = ts.option(default=False, help="Write logs as JSON lines.")
    world: WorldConfig = WorldConfig()
