"""What the store's error replies mean to a caller. Pure."""

from __future__ import annotations

from shared_state.errors import StoreError, StoreUnavailable

_LATER = frozenset({"LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY"})
_ELSEWHERE = frozenset({"READONLY", "MOVED", "ASK"})


class Elsewhere(StoreUnavailable):
    """This server is not, or no longer, the one that takes the write: the address must be resolved again."""


class MissingScript(StoreError):
    """The server does not have the script that it was asked for by its digest."""


def translate(text: str) -> StoreError:
    """The error of a reply such as ``READONLY You can't write ...``; its text is the server's."""
    code = text.partition(" ")[0]
    if code == "NOSCRIPT":
        return MissingScript(text)
    if code in _ELSEWHERE:
        return Elsewhere(text)
    if code in _LATER:
        return StoreUnavailable(text)
    return StoreError(text)
