"""Which pages may open a WebSocket here. Pure.

Browsers name a page's origin in every handshake, and no page can forge it. Whoever names none is no page.
Invariant: with origins listed, a page of any other one, ``null`` and the node's own host included, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from server.net.http import Request

ALL = "*"
_ORIGIN = re.compile(r"(https?)://(\*\.)?([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_LABELS = r"(?:[a-z0-9-]+\.)+"


def check_origin(text: str) -> None:
    """Raises: ValueError, when a listed origin is none."""
    if text != ALL and not _ORIGIN.fullmatch(text):
        raise ValueError(f"{text!r} is no origin like https://play.example or https://*.example")


def _patterns(listed: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(re.escape(text).replace(r"\*\.", _LABELS)) for text in listed if text != ALL)


@attrs.frozen
class Origins:
    """The pages that are let in.

    Args:
        listed: origins as ``https://play.example:8443``, exactly; ``https://*.example`` is every subdomain of it, at
            any depth, and not itself; ``*`` is all. None listed: pages of the host that the request is for.
    """

    listed: frozenset[str] = frozenset()
    _fitting: tuple[re.Pattern[str], ...] = attrs.field(
        init=False, eq=False, default=attrs.Factory(lambda self: _patterns(self.listed), takes_self=True)
    )

    def allow(self, request: Request) -> bool:
        """Whether the page that makes a request may."""
        origin = request.headers.get("origin")
        if origin is None or ALL in self.listed:
            return True
        if self.listed:
            return any(pattern.fullmatch(origin) for pattern in self._fitting)
        scheme, _, host = origin.partition("://")
        return scheme in ("http", "https") and bool(host) and host == request.headers.get("host")
