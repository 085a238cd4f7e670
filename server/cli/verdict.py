"""How a command that judges ends: the report in files if wanted, the text, and 0 for PASS or 1 for FAIL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from client_bot.page import to_html
from client_bot.report import Report, to_json
from server.cli.failures import fail


def conclude(report: Report, report_file: Path | None, text: str, page_file: Path | None = None) -> NoReturn:
    """Tells a report and ends the process by its verdict."""
    if report_file is not None:
        _write(report_file, to_json(report))
    if page_file is not None:
        _write(page_file, to_html(report).encode())
    click.echo(text)
    sys.exit(0 if report.verdict == "PASS" else 1)


def _write(report_file: Path, encoded: bytes) -> None:
    try:
        report_file.write_bytes(encoded)
    except OSError as error:
        fail(f"the report cannot be written: {error}")
