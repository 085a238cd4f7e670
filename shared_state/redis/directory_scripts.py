"""The directory's Lua scripts: those of worlds and seats share the text of directory_ledger.lua, put in front."""

from __future__ import annotations

from shared_state.redis.scripts import Script, load


def _on_ledger(name: str) -> Script:
    return load("directory_ledger", f"directory_{name}")


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

BEAT = load("directory_beat")
DRAIN = load("directory_drain")
KICK = load("directory_kick")
KICKS = load("directory_kicks")
LEAVE = load("directory_leave")
NODES = load("directory_nodes")
