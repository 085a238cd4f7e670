"""Runs ``oarlock`` commands one after the other in one process, and prints what each said as JSON."""

from __future__ import annotations

import json
import sys

from click.testing import CliRunner

from server.cli import main


def ran(command: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    result = CliRunner().invoke(main, command.split())
    return result.exit_code, result.stdout, result.stderr


sys.stdout.write(json.dumps([ran(command) for command in sys.argv[1:]]))
