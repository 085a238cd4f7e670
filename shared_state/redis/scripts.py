"""The Lua scripts, and how one is run: by digest, and by text where the server has forgotten it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from typing import Any

import attrs

from shared_state.redis.durability import Hold
from shared_state.redis.replies import MissingScript
from shared_state.redis.topology import Route


@attrs.frozen
class Script:
    """One operation on the store, atomic there."""

    text: bytes
    digest: str

    async def run(self, link: Route, keys: tuple[str, ...], *args: str | bytes | int) -> Any:
        """Runs it; the reply is described in the script's header. Raises: StoreError."""
        return await self._run(link.call, keys, args)

    async def run_held(self, link: Route, hold: Hold, keys: tuple[str, ...], *args: str | bytes | int) -> Any:
        """The same, and waits until what it wrote is held. Raises: StoreError."""
        return await self._run(partial(link.call_held, hold), keys, args)

    async def _run(
        self, call: Callable[..., Awaitable[Any]], keys: tuple[str, ...], args: tuple[str | bytes | int, ...]
    ) -> Any:
        """Runs it by its digest.

        A server that restarted, failed over or was flushed does not have the script: EVAL brings it and runs it in
        one step, so it cannot be lost in between.
        """
        try:
            return await call("EVALSHA", self.digest, len(keys), *keys, *args)
        except MissingScript:
            return await call("EVAL", self.text, len(keys), *keys, *args)


def load(*names: str) -> Script:
    """A script of the folder ``lua``: its last text, behind what it shares with others."""
    folder = files("shared_state.redis").joinpath("lua")
    text = b"".join(folder.joinpath(f"{name}.lua").read_bytes() for name in names)
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


ATTACH = load("attach")
BAN_LIFT = load("ban_lift")
BAN_PUT = load("ban_put")
BAN_READ = load("ban_read")
COMMIT_EACH = load("commit_log", "commit_each")
COMMIT_WHOLE = load("commit_log", "commit_whole")
DELETE_WORLD = load("delete_world")
FORBIDDEN = load("forbidden")
LEASE_RELEASE = load("lease_release")
LEASE_RENEW = load("lease_renew")
LEASE_TAKE = load("lease_take")
RENEW_EPOCH = load("renew_epoch")
RESERVE_IDS = load("reserve_ids")
SESSIONS_PAGE = load("sessions_page")
SNAPSHOT = load("snapshot")
SNAPSHOT_PAGE = load("snapshot_page")
