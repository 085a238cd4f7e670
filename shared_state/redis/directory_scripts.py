"""The directory's Lua scripts: those of worlds and seats share the text of directory_ledger.lua, put in front."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from shared_state.redis.scripts import Script


def _text(name: str) -> bytes:
    return files("shared_state.redis").joinpath("lua", f"directory_{name}.lua").read_bytes()


def _script(text: bytes) -> Script:
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


def _on_ledger(name: str) -> Script:
    return _script(_text("ledger") + _text(name))


CONFIRM = _on_ledger("confirm")
CREATE = _on_ledger("create")
GET = _on_ledger("get")
JOIN = _on_ledger("join")
LIST = _on_ledger("list")
RELEASE = _on_ledger("release")
REMOVE = _on_ledger("remove")
RENEW = _on_ledger("renew")
RESERVE = _on_ledger("reserve")
SWEEP = _on_ledger("sweep")
TAKE_OVER = _on_ledger("take_over")
UPDATE = _on_ledger("update")

BEAT = _script(_text("beat"))
DRAIN = _script(_text("drain"))
KICK = _script(_text("kick"))
KICKS = _script(_text("kicks"))
LEAVE = _script(_text("leave"))
NODES = _script(_text("nodes"))
