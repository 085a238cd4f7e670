"""Names that become part of store keys: checked once, at the door."""

from __future__ import annotations

import re
from typing import NewType

from shared_state.errors import BadName

WorldName = NewType("WorldName", str)
LeaseName = NewType("LeaseName", str)
SessionId = NewType("SessionId", str)

_NAME = re.compile(r"[a-z0-9._-]{1,64}")


def world_name(text: str) -> WorldName:
    """The text as the name of a world. Raises: BadName."""
    return WorldName(checked_name(text, "world"))


def lease_name(text: str) -> LeaseName:
    """The text as the name of a lease. Raises: BadName."""
    return LeaseName(checked_name(text, "lease"))


def session_id(text: str) -> SessionId:
    """The text as the id of a session. Raises: BadName."""
    return SessionId(checked_name(text, "session"))


def is_session_id(text: str) -> bool:
    """Whether the text can be the id of a session."""
    return _NAME.fullmatch(text) is not None


def checked_name(text: str, what: str) -> str:
    """The text, if it can be a part of a key; ``what`` names it in the error. Raises: BadName."""
    if not _NAME.fullmatch(text):
        raise BadName(f"{what} name {text[:80]!r} is not 1 to 64 characters of a-z 0-9 . _ -")
    return text
