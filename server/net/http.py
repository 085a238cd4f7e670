"""Requests, responses and the table of who answers what. Values only: no socket, no parser.

Invariant: a ``Request`` has been parsed and bounded; its header names are lower case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias

import attrs


@attrs.frozen
class Request:
    """A request head.

    Args:
        path: percent-decoded, without the query. query: raw, without the question mark.
        headers: lower-case name to value; repeated ones joined by commas.
        peer: the client's address as far as it can be trusted.
        body: of a POST; small.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    body: bytes = b""


@attrs.frozen
class Response:
    """An answer; ``content-length`` and ``connection`` are added when it is sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)


Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


def explain(status: int, text: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """A response whose body says in plain text what was wrong."""
    body = text or HTTPStatus(status).phrase
    return Response(status, (body + "\n").encode(), {"content-type": "text/plain; charset=utf-8", **(headers or {})})


async def _not_found(request: Request) -> Response:
    return explain(404)


async def _not_posted(request: Request) -> Response:
    return explain(405, headers={"allow": "GET, HEAD"})


@attrs.frozen
class Routes:
    """Handlers by exact path, then by the longest fitting prefix; what fits neither is 404.

    Args:
        exact: path to handler.
        prefixes: start of the path to handler.
        posts: path, or start of it up to a slash, to the handler of POST requests; elsewhere they are 405.
    """

    exact: Mapping[str, Handler] = attrs.field(factory=dict)
    prefixes: Mapping[str, Handler] = attrs.field(factory=dict)
    posts: Mapping[str, Handler] = attrs.field(factory=dict)

    def joined(self, other: Routes) -> Routes:
        """These and others; of the same path, the others."""
        return Routes({**self.exact, **other.exact}, {**self.prefixes, **other.prefixes}, {**self.posts, **other.posts})

    def find(self, method: str, path: str) -> Handler:
        """The handler for a request."""
        if method == "POST":
            below = {prefix: handler for prefix, handler in self.posts.items() if prefix.endswith("/")}
            return self.posts.get(path) or _longest(below, path) or _not_posted
        return self.exact.get(path) or _longest(self.prefixes, path) or _not_found


def _longest(handlers: Mapping[str, Handler], path: str) -> Handler | None:
    fitting = [prefix for prefix in handlers if path.startswith(prefix)]
    return handlers[max(fitting, key=len)] if fitting else None
