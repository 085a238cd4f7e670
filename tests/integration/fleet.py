"""A fleet of two nodes on one store, and the operators' commands as they are run on it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from shared_state.embedded import EmbeddedStore, embedded_store
from shared_state.errors import NoStoreBinary
from tests.integration.families import OARLOCK
from tests.integration.whole_node import WholeNode, node_on


@attrs.frozen
class Ran:
    """What a command said."""

    code: int
    printed: str
    errors: str

    @property
    def value(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.printed)


@attrs.frozen
class Fleet:
    """Two nodes on a store."""

    store: EmbeddedStore
    nodes: list[WholeNode]

    async def run(self, *arguments: str) -> Ran:
        """Runs ``oarlock`` with these arguments on the fleet's store."""
        return await self._start(*OARLOCK, *arguments)

    async def run_all(self, *commands: str) -> list[Ran]:
        """Runs commands one after the other in one process: to start one takes longer than most commands do."""
        ran = await self._start(sys.executable, "-m", "tests.integration.many_commands", *commands)
        assert ran.code == 0, ran.errors
        return [Ran(*each) for each in ran.value]

    async def verify_refused(self, mistakes: Mapping[str, str]) -> None:
        """Commands with something wrong: each says in one line what that is, prints nothing else, and exits with 2.

        Args:
            mistakes: by command, what the line has to hold.
        """
        for (command, says), ran in zip(mistakes.items(), await self.run_all(*mistakes), strict=True):
            assert (ran.code, ran.printed, len(ran.errors.splitlines())) == (2, "", 1), (command, ran)
            assert ran.errors.startswith("oarlock: ")
            assert says in ran.errors

    async def _start(self, *command: str) -> Ran:
        env = {**os.environ, "OARLOCK_STORE": self.store.url, "COLUMNS": "200"}
        done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False, env=env)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@asynccontextmanager
async def open_fleet(**settings: Any) -> AsyncGenerator[Fleet, None]:
    """Two nodes on an empty store, with these settings."""
    try:
        async with (
            embedded_store() as store,
            node_on(store, "node1", **settings) as one,
            node_on(store, "node2", **settings) as two,
        ):
            yield Fleet(store, [one, two])
    except NoStoreBinary as error:
        pytest.skip(str(error))
