"""A client that was written from docs/protocol.md alone plays on real nodes behind HAProxy."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
import trio

from server.games.flotsam import game
from server.launch.cluster import ClusterPlan, open_cluster
from tests.e2e.stored_world import read_world
from tests.unit.server.identity.issuer import SECRET, sign

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).parent / "independent_client.py"
PLAYED_S = 6.0


async def test_it_plays_a_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token, it takes crates, holds what the nodes hold, and comes back as itself after its connection broke in
    the middle of a command: each command is answered once, and its session is over when it leaves (S06, S32)."""
    keys = tmp_path / "keys"
    keys.write_text(SECRET)
    monkeypatch.setenv("OARLOCK_IDENTITY_KEYS", str(keys))
    with trio.fail_after(90):
        async with open_cluster(ClusterPlan(nodes=2, port=0)) as cluster:
            command = [sys.executable, str(PROGRAM), cluster.socket_url("bay"), str(PLAYED_S), sign()]
            done = await trio.run_process(command, capture_stdout=True, cwd=tmp_path)
            found = json.loads(done.stdout)
            assert found["strange"] == []
            assert (found["sessions"], found["avatars"], found["pending"], found["closed"]) == (1, 1, [], 1000)
            assert found["answers"][""] > 20
            assert set(found["answers"]) <= {"", "gone", "too_far", "tired", "refused"}
            assert found["errors"] == ["unknown_type"]
            assert found["checked"] > 10
            assert found["wrong"] == 0
            assert (await read_world(cluster.store_url, game)).wrong(game) == []


def test_it_knows_nothing_of_ours() -> None:
    """It imports the standard library and ``websockets``."""
    tree = ast.parse(PROGRAM.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    ours = [
        name for name in imported if name and name.split(".")[0] in ("server", "shared_state", "client_bot", "tests")
    ]
    assert ours == []
