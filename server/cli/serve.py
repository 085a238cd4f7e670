"""The command ``oarlock serve``: one node."""

from __future__ import annotations

import os
from functools import partial

from server.app import run_node
from server.cli.failures import run, with_settings
from server.config import NodeConfig
from server.logs import configure_logs


@with_settings(NodeConfig, "oarlock")
def serve(config: NodeConfig) -> None:
    """Run one node until SIGTERM or Ctrl-C."""
    configure_logs(config.log_json)
    # Not an option: those of a process are there for everybody to see.
    run(partial(run_node, config, os.environ.get("OARLOCK_ADMIN_TOKEN", "")))
