"""Who may open a WebSocket: address, origin and subprotocol of a handshake. Pure; knows no session.

Invariant: whoever is refused costs no more than reading the head.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs

from server.net.http import Request, Response, explain
from server.net.origins import Origins

_OTHER_VERSION = re.compile(r"oarlock\.v[0-9]{1,9}\.[a-z]{1,16}")
_WORLD_PATH = re.compile(r"/ws/([a-z0-9._-]{1,64})")


@attrs.frozen
class Accept:
    """A handshake is accepted with this subprotocol; its messages travel in text frames or in binary ones.

    A subprotocol that is none of the node's is another version of ours: the application has to refuse it.
    """

    subprotocol: str | None
    is_text: bool = False


@attrs.frozen
class Admission:
    """The rules of one node.

    Args:
        subprotocols: name to "its frames are text frames"; earlier ones are preferred.
        origins: the pages that are let in.
    """

    subprotocols: Mapping[str, bool]
    origins: Origins = Origins()

    def admit(self, request: Request) -> Accept | Response:
        """The decision on a handshake."""
        if world_of(request) is None:
            return explain(404, "worlds are at /ws/{world}")
        if not self.origins.allow(request):
            return explain(403, "this origin is not allowed")
        offered = [item.strip() for item in request.headers.get("sec-websocket-protocol", "").split(",")]
        for name, is_text in self.subprotocols.items():
            if name in offered:
                return Accept(name, is_text)
        others = [item for item in offered if _OTHER_VERSION.fullmatch(item)]
        if others:
            # It is let in to be told by a close code: a page cannot read how a handshake was refused.
            return Accept(others[0])
        return explain(400, "offer one of the subprotocols " + ", ".join(self.subprotocols))


def world_of(request: Request) -> str | None:
    """The world a request names; None if its path is not a world's."""
    match = _WORLD_PATH.fullmatch(request.path)
    return match.group(1) if match else None
