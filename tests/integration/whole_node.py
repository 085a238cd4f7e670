"""A whole node in this process, as ``oarlock serve`` runs it, on an embedded store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from server.app import run_node
from server.config import ClientsConfig, NodeConfig
from shared_state.embedded import EmbeddedStore, embedded_store


@attrs.frozen
class WholeNode:
    """A node that listens, and its store."""

    port: int
    store: EmbeddedStore


@asynccontextmanager
async def whole_node(*, clients: Mapping[str, Any] | None = None, **settings: Any) -> AsyncGenerator[WholeNode, None]:
    """Runs while the context is open; ``clients``: settings of what clients are granted."""
    async with embedded_store() as store, node_on(store, clients=clients, **settings) as node:
        yield node


@asynccontextmanager
async def node_on(
    store: EmbeddedStore,
    name: str = "node1",
    *,
    admin_token: str = "",
    clients: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncGenerator[WholeNode, None]:
    """A node on a store that others may use as well."""
    async with trio.open_nursery() as nursery:
        granted = ClientsConfig(**(clients or {}))
        config = NodeConfig(name=name, bind="127.0.0.1:0", store=store.url, clients=granted, **settings)
        port = await nursery.start(run_node, config, admin_token)
        yield WholeNode(port, store)
        nursery.cancel_scope.cancel()
