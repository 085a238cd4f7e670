"""Files of the browser client, from one directory, kept in memory.

Invariant: nothing outside the directory is ever served, whatever the path looks like.
A file is read again only when it has changed.
"""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path

import attrs

from server.net.http import Request, Response, explain

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_INDEX = "index.html"


@attrs.frozen
class _Cached:
    stamp: tuple[int, int]
    response: Response


def _resolve(path: Path) -> Path:
    return path.resolve()


@attrs.define(eq=False)
class StaticFiles:
    """Serves the files below ``root``; a directory's own path gives its ``index.html``.

    Args:
        prefix: start of the request path that stands for ``root``.
    """

    root: Path = attrs.field(converter=_resolve)
    prefix: str = "/"
    _cache: dict[Path, _Cached] = attrs.field(init=False, factory=dict)

    async def __call__(self, request: Request) -> Response:
        """The handler for ``Routes``."""
        path = self._locate(request.path)
        cached = self._load(path) if path is not None else None
        if cached is None:
            return explain(404, headers=SECURITY_HEADERS)
        if request.headers.get("if-none-match") == cached.headers["etag"]:
            return attrs.evolve(cached, status=304, body=b"")
        return cached

    def _locate(self, request_path: str) -> Path | None:
        """The file meant, links and dots resolved; None if it lies outside, or cannot be a file's name."""
        if not request_path.startswith(self.prefix) or not request_path.isprintable():
            return None
        relative = request_path[len(self.prefix) :].lstrip("/")
        if relative.endswith("/") or not relative:
            relative += _INDEX
        path = Path(os.path.realpath(self.root / relative))
        return path if path.is_relative_to(self.root) else None

    def _load(self, path: Path) -> Response | None:
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        cached = self._cache.get(path)
        if cached is None or cached.stamp != stamp:
            content = _read(path)
            if content is None:
                return None
            cached = self._cache[path] = _Cached(stamp, _describe(path, stamp, content))
        return cached.response


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _describe(path: Path, stamp: tuple[int, int], content: bytes) -> Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in ("application/javascript", "application/json"):
        kind += "; charset=utf-8"
    etag = f'"{stamp[0]:x}-{stamp[1]:x}"'
    return Response(200, content, {"content-type": kind, "etag": etag, "cache-control": "no-cache", **SECURITY_HEADERS})
