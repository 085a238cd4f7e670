"""ops/compose.yml is a valid composition of a store, three nodes and HAProxy."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

OPS = Path(__file__).parents[2] / "ops"


def test_compose_reads_the_file_and_knows_all_services() -> None:
    """docker-compose accepts it; every node mounts nothing of the host, HAProxy the one configuration."""
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("no docker-compose on PATH")
    command = [program, "-f", str(OPS / "compose.yml"), "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for service in ("store:", "node1:", "node2:", "node3:", "haproxy.cfg"):
        assert service in done.stdout
