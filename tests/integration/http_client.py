"""Requests to a node, as a program makes them."""

from __future__ import annotations

import json
from typing import Any

import attrs
import trio


@attrs.frozen
class Answer:
    """Status, head and body of a response."""

    status: int
    head: str
    text: str

    @property
    def value(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


async def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """One request on a connection of its own; underscores in names of headers stand for dashes."""
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all("\r\n".join([*lines, "", ""]).encode() + body)
        received = b"".join([chunk async for chunk in stream])
    head, _, rest = received.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ")[1]), head.decode(), rest.decode())


async def post(port: int, path: str, **values: Any) -> Answer:
    """A POST of JSON."""
    return await ask(port, "POST", path, json.dumps(values).encode(), content_type="application/json")
