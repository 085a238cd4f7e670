"""The command ``oarlock serve``: one node."""

from __future__ import annotations

from functools import partial

from server.app import run_node
from server.cli.failures import run, with_settings
from server.config import NodeConfig
from server.logs import configure_logs


@with_settings(NodeConfig, "oarlock")
def serve(config: NodeConfig) -> None:
    """Run one node until SIGTERM or Ctrl-C."""
    configure_logs(config.log_json)
    run(partial(run_node, config))
