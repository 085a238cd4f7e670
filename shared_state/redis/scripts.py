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


def _load(name: str) -> Script:
    text = files("shared_state.redis").joinpath("lua", f"{name}.lua").read_bytes()
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


ATTACH = _load("attach")
COMMIT_EACH = _load("commit_each")
COMMIT_WHOLE = _load("commit_whole")
DELETE_WORLD = _load("delete_world")
FORBIDDEN = _load("forbidden")
LEASE_RELEASE = _load("lease_release")
LEASE_RENEW = _load("lease_renew")
LEASE_TAKE = _load("lease_take")
RENEW_EPOCH = _load("renew_epoch")
RESERVE_IDS = _load("reserve_ids")
SESSIONS_PAGE = _load("sessions_page")
SNAPSHOT = _load("snapshot")
SNAPSHOT_PAGE = _load("snapshot_page")
