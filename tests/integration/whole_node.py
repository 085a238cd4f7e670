"""A whole node in this process, as ``oarlock serve`` runs it, on an embedded store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from server.app import run_node
from server.config import NodeConfig
from shared_state.embedded import EmbeddedStore, embedded_store


@attrs.frozen
class WholeNode:
    """A node that listens, and its store."""

    port: int
    store: EmbeddedStore


@asynccontextmanager
async def whole_node() -> AsyncGenerator[WholeNode, None]:
    """Runs while the context is open."""
    async with embedded_store() as store, trio.open_nursery() as nursery:
        port = await nursery.start(run_node, NodeConfig(name="node1", bind="127.0.0.1:0", store=store.url))
        yield WholeNode(port, store)
        nursery.cancel_scope.cancel()
