"""Alerts, dashboard and runbook speak of figures that a node has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import trio
import yaml

from server.launch.ports import get
from tests.integration.player import enter
from tests.integration.whole_node import whole_node

pytestmark = pytest.mark.integration

OPS = Path(__file__).parents[2] / "ops"
METRIC = re.compile(r"\boarlock_\w+")
LABEL = re.compile(r"(?:by \(|\{)([^)}]*)[)}]")
KNOWN_LABELS = {"world", "le", "instance", "job"}
ISSUE = {
    "connections": "oarlock_open_connections",
    "commands by outcome": "oarlock_commands_committed_total",
    "commit latency": "oarlock_commit_seconds_bucket",
    "batch size": "oarlock_batch_transactions_bucket",
    "delta lag": "oarlock_versions_behind",
    "replica version": "oarlock_replica_version",
    "resyncs": "oarlock_snapshots_total",
    "fences refused": "oarlock_fences_refused_total",
    "outbox conflations": "oarlock_held_back_total",
    "flush duration": "oarlock_flush_seconds_bucket",
    "event-loop lag": "oarlock_event_loop_lag_seconds_bucket",
}


def alerts() -> list[dict[str, Any]]:
    """The rules."""
    groups = yaml.safe_load((OPS / "prometheus" / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    """Everything that Prometheus is asked: by alerts and by the dashboard."""
    board = json.loads((OPS / "grafana" / "oarlock.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [*(rule["expr"] for rule in alerts()), *asked]


async def samples() -> set[str]:
    """The names of the samples of a node that somebody plays on."""
    async with whole_node() as node:
        player = await enter(node.port)
        assert (await player.do("row", dx=1, dy=1)).code == ""
        text = (await get(node.port, "/metrics"))[1]
        return {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


async def test_alerts_and_dashboard_ask_for_figures_that_there_are() -> None:
    """Each name is that of a sample of a real node, and so is each figure that operators were promised."""
    with trio.fail_after(30):
        known = await samples()
        wanted = {name for text in expressions() for name in METRIC.findall(text)}
        assert wanted
        assert wanted - known == set()
        assert set(ISSUE.values()) - known == set()


def test_expressions_are_well_formed() -> None:
    """Brackets are closed, and only labels are named that Prometheus has of a node."""
    for text in expressions():
        for opening, closing in ("()", "[]", "{}"):
            assert text.count(opening) == text.count(closing), text
        named = {part for group in LABEL.findall(text) for part in re.findall(r"[a-z]+(?=\s*(?:[,=]|$))", group)}
        assert named <= KNOWN_LABELS, text


def test_each_alert_leads_to_its_chapter() -> None:
    """The runbook has one for each, and none for alerts that there are not."""
    chapters = re.findall(r"^## (\w+)$", (OPS / "runbook.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in alerts()] == chapters
    for rule in alerts():
        assert rule["annotations"]["runbook"] == f"ops/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
