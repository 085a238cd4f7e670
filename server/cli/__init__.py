"""The command ``oarlock``. Exit codes: 0 fine, 1 a verdict of FAIL, 2 it could not be done; the reason is one line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from client_bot.cli import bots
from server.cli.bans import ban, bans, unban
from server.cli.operate import drain, inspect, kick, nodes, worlds
from server.cli.serve import serve
from server.cli.stress import stress
from server.cli.up import up
from server.cli.verify import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="oarlock")
def main() -> None:
    """Multiplayer game server: one shared world on many nodes."""
    # A game in the directory that the command is given in is found, as with ``python -m``.
    sys.path.insert(0, str(Path.cwd()))


for command in (up, serve, bots, stress, verify, nodes, worlds, inspect, kick, drain, ban, unban, bans):
    main.add_command(command)
