"""Real servers for tests, started once a test run, each on a thread of its own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import trio

from shared_state.embedded import EmbeddedStore, embedded_store, find_binary
from shared_state.errors import NoStoreBinary

T = TypeVar("T")
START_DEADLINE_S = 30.0


def server_binary(kind: str) -> Path:
    """The program of a kind of server; a test without it is skipped, but never in continuous integration."""
    found = shutil.which("redis-server") if kind == "redis" else _valkey()
    if found is None:
        reason = f"no {kind} server program on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(found)


@contextmanager
def running_server(kind: str) -> Iterator[EmbeddedStore]:
    """A server for synchronous code, on a thread of its own until the context ends."""
    with on_thread(embedded_store(binary=server_binary(kind))) as server:
        yield server


@contextmanager
def on_thread(running: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What an asynchronous context gives, for synchronous code: it is open on a thread of its own."""
    ready = threading.Event()
    tokens: list[trio.lowlevel.TrioToken] = []
    scope = trio.CancelScope()
    given: list[T] = []

    async def serve() -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        with scope:
            async with running as value:
                given.append(value)
                ready.set()
                await trio.sleep_forever()

    thread = threading.Thread(target=trio.run, args=(serve,), daemon=True)
    thread.start()
    if not ready.wait(START_DEADLINE_S):
        pytest.fail("the server did not start")
    try:
        yield given[0]
    finally:
        tokens[0].run_sync_soon(scope.cancel)
        thread.join(START_DEADLINE_S)


def _valkey() -> str | None:
    try:
        binary = find_binary()
    except NoStoreBinary:
        return None
    return str(binary) if "valkey" in binary.name else None
