"""A client written from docs/protocol.md alone: JSON over the synchronous ``websockets`` library, nothing of ours.

``python independent_client.py URL SECONDS TOKEN`` plays Flotsam for a while: rows to crates and grabs them, checks all
content digests, loses its connection in the middle and comes back as itself; prints what it found as JSON.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import time
import zlib
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

SUBPROTOCOL = "oarlock.v1.json"
STROKE_S = 0.12


def digest_of(entity_id: int, kind: int, values: list[Any]) -> int:
    """The digest of an entity, as the page says."""
    return zlib.crc32(b"".join(map(bytes_of, (float(entity_id), float(kind), *values))))


def bytes_of(value: Any) -> bytes:
    """A value in the form that is digested."""
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, (int, float)):
        return struct.pack(">d", value + 0.0)
    if isinstance(value, str):
        data = value.encode()
        return struct.pack(">I", len(data)) + data
    if isinstance(value, dict):
        value = [part for key in sorted(value) for part in (key, value[key])]
    return struct.pack(">I", len(value)) + b"".join(map(bytes_of, value))


class View:
    """What is known of the world: cell -> id -> [kind, values]."""

    def __init__(self) -> None:
        self.epoch, self.version = "", 0
        self.cells: dict[int, dict[int, list[Any]]] = {}
        self.checked = self.wrong = 0

    def apply(self, message: dict[str, Any]) -> None:
        """Takes in ``cells``, ``delta`` or ``reset``."""
        if message["type"] == "reset":
            self.epoch = message["epoch"]
            if not message.get("keep"):
                self.cells.clear()
        elif message["type"] == "cells":
            for cell in message["left"]:
                self.cells.pop(cell, None)
            for cell, entities in message["entered"]:
                self.cells[cell] = {id_: [kind, values] for id_, kind, values in entities}
        else:
            for row in message["cells"]:
                self.change(*row)
        self.version = message["version"]

    def change(
        self, cell: int, puts: list, patches: list, gone: list, moved: list, digest: Any = None, *_: Any
    ) -> None:
        """Takes in one row of a ``delta``."""
        content = self.cells.setdefault(cell, {})
        for id_ in (*gone, *moved):
            content.pop(id_, None)
        for id_, kind, values in puts:
            content[id_] = [kind, values]
        for id_, mask, values in patches:
            rising = iter(values)
            fields = content[id_][1]
            for place in range(len(fields)):
                if mask >> place & 1:
                    fields[place] = next(rising)
        if digest is not None:
            self.checked += 1
            held = sum(digest_of(id_, kind, values) for id_, (kind, values) in content.items()) % 2**32
            self.wrong += held != digest

    def find(self, wanted: int) -> list[Any] | None:
        """Kind and values of an entity in view."""
        return next((content[wanted] for content in self.cells.values() if wanted in content), None)

    def all(self, kind: int) -> list[tuple[int, list[Any]]]:
        """Id and values of all entities of a kind in view."""
        return [(id_, e[1]) for content in self.cells.values() for id_, e in content.items() if e[0] == kind]


class Sailor:
    """A player who goes for crates."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.view = View()
        self.welcome: dict[str, Any] = {}
        self.is_welcome = False
        self.next_seq = 1
        self.pending: dict[int, dict[str, Any]] = {}
        self.sessions: set[str] = set()
        self.avatars: set[int] = set()
        self.answers: dict[str, int] = {}
        self.errors: list[str] = []
        self.strange: list[str] = []

    def play(self, socket: ClientConnection, until_s: float) -> None:
        """Plays on one connection until that time."""
        self.say(socket, self.join())
        self.is_welcome = False
        while not self.is_welcome:
            self.listen(socket, 5.0)
        self.say(socket, {"type": "wave", "hello": [1, 2, 3]})
        self.say(socket, {"type": "digest"})
        while time.monotonic() < until_s:
            self.act(socket)
            act_s = time.monotonic() + STROKE_S
            while (left_s := act_s - time.monotonic()) > 0:
                self.listen(socket, left_s)

    def join(self) -> dict[str, Any]:
        """The first message of a connection."""
        message: dict[str, Any] = {"type": "join", "name": "Indy", "credentials": self.token}
        if self.welcome:
            held = {"epoch": self.view.epoch, "version": self.view.version, "cells": list(self.view.cells)}
            who = {"session": self.welcome["session"], "secret": self.welcome["secret"]}
            message["resume"] = {**who, **held, "pending": list(self.pending.values())}
        return message

    def say(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        """Sends a message."""
        socket.send(json.dumps(message))

    def listen(self, socket: ClientConnection, wait_s: float) -> None:
        """Takes in the next message, if one comes in time."""
        try:
            message = json.loads(socket.recv(timeout=wait_s))
        except TimeoutError:
            return
        kind = message["type"]
        if kind == "welcome":
            if self.welcome and message["session"] != self.welcome["session"]:
                self.pending.clear()
                self.next_seq = 1
            if not self.view.epoch:
                self.view.epoch = message["epoch"]
            self.welcome, self.is_welcome = message, True
            self.sessions.add(message["session"])
            self.avatars.add(message["avatar"])
        elif kind in ("cells", "delta", "reset"):
            self.view.apply(message)
        elif kind == "done":
            for seq, version, *more in message["acks"]:
                code = more[0] if more else ""
                self.answers[code] = self.answers.get(code, 0) + 1
                if self.pending.pop(seq, None) is None:
                    self.strange.append(f"answer to {seq}")
                if not code and version > self.view.version:
                    self.strange.append(f"answer at {version} before its state")
        elif kind == "error":
            self.errors.append(message["code"])

    def act(self, socket: ClientConnection) -> None:
        """One stroke towards the nearest crate, or a grab."""
        kinds = [kind[0] for kind in self.welcome["schema"]["kinds"]]
        places = {kind[0]: [field[0] for field in kind[1]] for kind in self.welcome["schema"]["kinds"]}
        boat = self.view.find(self.welcome["avatar"])
        if boat is None or len(self.pending) > 32:
            return
        here = dict(zip(places["Boat"], boat[1], strict=True))
        crates = [
            (max(abs(c["x"] - here["x"]), abs(c["y"] - here["y"])), id_, c)
            for id_, values in self.view.all(kinds.index("Crate"))
            for c in [dict(zip(places["Crate"], values, strict=True))]
        ]
        far, id_, crate = min(crates, default=(9e9, 0, {}), key=lambda found: found[0])
        if far <= 60:
            self.order(socket, "grab", {"crate": id_})
        elif crates:
            self.order(socket, "row", {axis: clamp(crate[axis[1]] - here[axis[1]]) for axis in ("dx", "dy")})
        else:
            self.order(socket, "row", {"dx": random.randint(-40, 40), "dy": random.randint(-40, 40)})

    def order(self, socket: ClientConnection, command: str, args: dict[str, Any]) -> None:
        """Sends a command."""
        message = {"type": "do", "seq": self.next_seq, "command": command, "args": args}
        self.pending[self.next_seq] = message
        self.next_seq += 1
        self.say(socket, message)


def clamp(distance: float) -> int:
    """A stroke of the oars."""
    return int(min(max(distance, -40), 40))


def main(url: str, seconds: float, token: str, stack: ExitStack) -> dict[str, Any]:
    """Plays on two connections, the first of which is lost; they are closed with the stack."""
    sailor = Sailor(url, token)
    nodes = []
    for part in (1, 2):
        socket = stack.enter_context(connect(url, subprotocols=[SUBPROTOCOL]))
        try:
            sailor.play(socket, time.monotonic() + seconds / 2)
        except ConnectionClosed as closed:
            sailor.strange.append(f"closed: {closed}")
        nodes.append(sailor.welcome.get("node"))
        if part == 1:
            sailor.act(socket)
            socket.socket.close()  # Without a word, with a command under way.
    deadline_s = time.monotonic() + 5
    while sailor.pending and time.monotonic() < deadline_s:
        sailor.listen(socket, 0.5)
    sailor.say(socket, {"type": "leave"})
    code = 0
    try:
        while True:
            socket.recv(timeout=5)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
    return {
        "sessions": len(sailor.sessions), "avatars": len(sailor.avatars), "answers": sailor.answers,
        "errors": sorted(set(sailor.errors)), "strange": sailor.strange, "checked": sailor.view.checked,
        "wrong": sailor.view.wrong, "pending": list(sailor.pending), "closed": code, "nodes": nodes,
    }  # fmt: skip


if __name__ == "__main__":
    with ExitStack() as opened:
        print(json.dumps(main(sys.argv[1], float(sys.argv[2]), sys.argv[3], opened)))  # noqa: T201
