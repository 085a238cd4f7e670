"""The command ``oarlock serve``: one node."""

from __future__ import annotations

from functools import partial

import click
import typed_settings as ts

from server.app import run_node
from server.cli.failures import SettingsCommand, run
from server.config import NodeConfig
from server.logs import configure_logs


@click.command(cls=SettingsCommand)
@ts.click_options(NodeConfig, "oarlock")
def serve(config: NodeConfig) -> None:
    """Run one node until SIGTERM or Ctrl-C."""
    configure_logs(config.log_json)
    run(partial(run_node, config))
